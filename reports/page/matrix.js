// The matrix counts scenarios by two or three of their dimensions. A scenario with
// two clients is counted for each.

// dimensions are those in which scenarios differ.
function dimensions() {
  const values = new Map();
  for (const c of cases()) {
    for (const [name, list] of Object.entries(c.d)) {
      if (!values.has(name)) values.set(name, new Set());
      list.forEach((v) => values.get(name).add(v));
    }
  }
  const first = ["policy", "release", "client", "deployment", "folder", "file", "label"];
  return [...values.keys()].sort((a, b) => {
    const [i, j] = [first.indexOf(a), first.indexOf(b)].map((n) => (n < 0 ? first.length : n));
    return i - j || (a < b ? -1 : 1);
  });
}

function drawMatrix(show) {
  const body = document.getElementById("matrix-body");
  const names = dimensions();
  body.replaceChildren();
  if (!cases().length) {
    body.append(element("p", { class: "muted" }, "There are no scenarios."));
    return;
  }
  const differs = (name) => new Set(cases().flatMap((c) => c.d[name] || [])).size > 1;
  const pick = (...wanted) => wanted.find((n) => names.includes(n) && differs(n)) || wanted[wanted.length - 1];
  const state = { rows: pick("policy", "folder", "file"), then: pick("client", ""), columns: pick("release", "deployment") };
  const holder = element("div", { class: "card scroll", tabindex: "0", role: "group", "aria-labelledby": "matrix-title" });
  const select = (key, label, none) => element("label", {}, label,
    element("select", { onchange: (e) => { state[key] = e.target.value; draw(); } },
      ...(none ? [element("option", { value: "" }, "nothing")] : []),
      ...names.map((n) => element("option", { selected: state[key] === n }, n))));
  const draw = () => holder.replaceChildren(matrixTable(state, show));
  draw();
  body.append(element("div", { class: "pivot" }, select("rows", "rows"), select("then", "split by", true), select("columns", "columns")), holder);
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

function matrixTable(state, show) {
  const by = [state.rows, state.then].filter(Boolean);
  const rows = new Map(), columns = new Set();
  for (const c of cases()) {
    const across = c.d[state.columns] || ["none"];
    for (const a of c.d[by[0]] || ["none"]) {
      for (const b of by[1] ? c.d[by[1]] || ["none"] : [""]) {
        const key = JSON.stringify([a, b]);
        if (!rows.has(key)) rows.set(key, { a, b, cells: new Map() });
        for (const x of across) {
          columns.add(x);
          const cells = rows.get(key).cells;
          if (!cells.has(x)) cells.set(x, []);
          cells.get(x).push(c);
        }
      }
    }
  }
  const heads = [...columns].sort(compare);
  const table = element("table", { class: "matrix" }, element("caption", { class: "away" }, "Scenarios by " + [...by, state.columns].join(", ")),
    element("thead", {}, element("tr", {}, ...by.map((n) => element("th", { scope: "col" }, n)), ...heads.map((h) => element("th", { scope: "col" }, h)))));
  const lines = element("tbody");
  let above;
  for (const row of [...rows.values()].sort((p, q) => compare(p.a, q.a) || compare(p.b, q.b))) {
    const tr = element("tr", {}, element("th", { scope: by[1] ? false : "row", class: row.a === above && "again" }, row.a));
    if (by[1]) tr.append(element("th", { scope: "row" }, row.b));
    for (const h of heads) tr.append(matrixCell(row.cells.get(h), [row.a, row.b, h].filter(Boolean).join(", "), show));
    above = row.a;
    lines.append(tr);
  }
  table.append(lines);
  return table;
}

function matrixCell(list, where, show) {
  if (!list) return element("td", { class: "void" });
  const count = (v) => list.filter((c) => c.v === v).length;
  const failed = count("failed"), n = list.length;
  const verdict = failed ? "failed" : count("passed") ? "passed" : "unsupported";
  const text = failed ? "✗ " + (failed < n ? failed + " of " + n : n) : (verdict === "passed" ? "✓ " : "– ") + n;
  return element("td", { class: verdict }, element("button", {
    type: "button", title: "show these scenarios", "aria-label": where + ": " + (failed ? failed + " of " + n + " failed" : n + " " + verdict),
    onclick: () => show(list.map((c) => c.i), where),
  }, text));
}
