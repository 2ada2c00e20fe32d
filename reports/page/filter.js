// The filter hides scenarios that do not have a text, a verdict, a label, or that
// are not among those of a cell of the matrix.
function makeFilter() {
  const form = document.querySelector(".filter");
  const shown = document.getElementById("shown");
  const search = document.getElementById("find");
  const label = document.getElementById("label");
  const nodes = new Map([...document.querySelectorAll("[data-case]:not(.happened)")].map((n) => [+n.dataset.case, n]));
  const known = new Map(cases().map((c) => [c.i, c]));
  let only = null, where = "";

  const texts = once(() => new Map([...nodes].map(([i, n]) => {
    const file = n.closest(".file").querySelector("summary").textContent;
    return [i, (file + " " + n.textContent).toLowerCase()];
  })));
  const verdict = () => form.querySelector("[name=verdict]:checked").value;

  function takes(i, words) {
    const c = known.get(i);
    return (!only || only.has(i)) && (!verdict() || c.v === verdict()) &&
      (!label?.value || (c.d.label || []).includes(label.value)) && words.every((w) => texts().get(i).includes(w));
  }

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const [i, node] of nodes) {
      const yes = takes(i, words);
      node.classList.toggle("gone", !yes);
      n += yes;
    }
    for (const file of document.querySelectorAll(".file")) {
      if (!file.dataset.case) file.classList.toggle("gone", !file.querySelector(".variant:not(.gone)"));
    }
    for (const chapter of document.querySelectorAll(".chapter")) {
      chapter.classList.toggle("gone", !chapter.querySelector(".file:not(.gone)"));
    }
    const narrowed = only || words.length || verdict() || label?.value;
    shown.replaceChildren();
    if (!narrowed) return;
    shown.append(n + " of " + plural(nodes.size, "scenario", "scenarios") + (where ? " (" + where + ") " : " "),
      element("button", { type: "button", onclick: clear }, "show all"));
  }

  function clear() {
    only = null;
    where = "";
    search.value = "";
    if (label) label.value = "";
    form.querySelector("[name=verdict][value='']").checked = true;
    apply();
  }

  let waiting;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(apply, 80); });
  form.addEventListener("change", apply);
  form.addEventListener("submit", (e) => { e.preventDefault(); apply(); });
  form.hidden = false;
  return {
    clear, search, nodes,
    only(list, of) {
      clear();
      only = new Set(list);
      where = of;
      apply();
      document.getElementById("scenarios").scrollIntoView();
    },
  };
}
