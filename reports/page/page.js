const filter = makeFilter();
drawMatrix((list, where) => filter.only(list, where));

// A step's events are drawn when they come into sight.
const sight = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting || !target.open) continue;
    sight.unobserve(target);
    fill(target);
  }
}, { rootMargin: "300px" });
document.querySelectorAll(".happened[open]").forEach((d) => sight.observe(d));
document.addEventListener("toggle", (e) => {
  if (e.target.open && e.target.matches(".happened")) fill(e.target);
}, true);

// reveal opens what is around a place of the page and goes there.
function reveal(node) {
  for (let d = node.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  const around = node.closest(".gone");
  if (around) filter.clear();
  node.scrollIntoView();
}
function follow() {
  const node = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node) reveal(node);
}
addEventListener("hashchange", follow);
document.addEventListener("click", (e) => {
  const link = e.target.closest("a[href^='#']");
  if (link && link.getAttribute("href") === location.hash) follow();
});
follow();

const files = () => document.querySelectorAll(".file:not(.gone), .variant:not(.gone)");
document.getElementById("open-all").addEventListener("click", () => files().forEach((d) => { d.open = true; }));
document.getElementById("close-all").addEventListener("click", () => files().forEach((d) => { d.open = false; }));

for (const button of document.querySelectorAll(".copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.previousElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

const help = document.getElementById("help");
document.querySelector("[data-dialog=help]").addEventListener("click", () => help.showModal());

// next goes to the failed scenario after, or before, the one that has the focus.
function next(step) {
  const failed = [...filter.nodes.values()].filter((n) => n.matches(".failed:not(.gone)"));
  if (!failed.length) return;
  const here = document.activeElement.closest("[data-case]:not(.happened)");
  const at = failed.indexOf(here);
  const node = failed[at < 0 ? (step > 0 ? 0 : failed.length - 1) : (at + step + failed.length) % failed.length];
  node.open = true;
  reveal(node);
  node.querySelector("summary").focus({ preventScroll: true });
}

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || help.open) return;
  if (e.key === "Escape") { filter.clear(); return; }
  if (e.target.matches("input, select, textarea")) return;
  const keys = {
    "/": () => filter.search.focus(),
    "n": () => next(1),
    "p": () => next(-1),
    "m": () => document.getElementById("matrix").scrollIntoView(),
    "?": () => help.showModal(),
  };
  if (!keys[e.key]) return;
  e.preventDefault();
  keys[e.key]();
});

// On paper, failed scenarios are open.
addEventListener("beforeprint", () => {
  for (const d of document.querySelectorAll(".failed[data-case]")) {
    d.open = true;
    d.closest(".file").open = true;
    d.querySelectorAll(".happened[open]").forEach(fill);
  }
});
