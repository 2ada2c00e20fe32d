// drawTimeline draws events as dots, a row a layer. Waits of a second and more are
// narrowed and hatched: on a straight scale a silent responder would leave no room
// for anything else.
function drawTimeline(events, show) {
  const times = [...new Set(events.map((e) => e.at))].sort((a, b) => a - b);
  const places = new Map();
  const waits = [];
  let x = 0;
  times.forEach((t, i) => {
    if (i > 0) {
      const gap = t - times[i - 1];
      const step = gap >= 1000 ? 14 + Math.log2(gap / 1000) * 3 : 0.6 + Math.log2(1 + gap);
      if (gap >= 1000) waits.push([x, x + step, gap]);
      x += step;
    }
    places.set(t, x);
  });
  const percent = (at) => 1 + (x ? (at / x) * 98 : 0) + "%";
  const hatch = () => waits.map(([from, to, gap]) => {
    const wait = element("i", { class: "wait", title: lasting(gap) + " of waiting" });
    wait.style.left = percent(from);
    wait.style.width = ((to - from) / x) * 98 + "%";
    return wait;
  });
  const rows = ladders().layers.filter((layer) => events.some((e) => e.layer === layer)).map((layer) => {
    const strip = element("div", { class: "strip l-" + layer.toLowerCase() }, ...hatch());
    strip.style.color = "var(--c)";
    events.forEach((e, i) => {
      if (e.layer !== layer) return;
      const dot = element("i", { class: "dot" + (e.refusal ? " refusal" : ""), title: time(e.at) + " " + e.text, onclick: () => show(i) });
      dot.style.left = percent(places.get(e.at));
      strip.append(dot);
    });
    return element("div", { class: "row" }, element("span", {}, layer), strip);
  });
  const scale = element("div", { class: "strip scale" });
  const marks = [0, ...waits.flatMap(([from, to]) => [(from + to) / 2]), x];
  marks.forEach((at, i) => {
    const inner = i > 0 && i < marks.length - 1;
    const text = inner ? lasting(waits[i - 1][2]) : time(i ? times[times.length - 1] : times[0]);
    const mark = element("span", {}, text);
    mark.style.left = percent(at);
    scale.append(mark);
  });
  rows.push(element("div", { class: "row" }, element("span"), scale));
  const counts = ladders().layers.map((l) => [l, events.filter((e) => e.layer === l).length]).filter(([, n]) => n);
  const label = "Timeline of " + plural(events.length, "event", "events") + " over " + lasting(times[times.length - 1] - times[0]) +
    ": " + counts.map(([l, n]) => l + " " + n).join(", ");
  return element("div", { class: "timeline", role: "img", "aria-label": label }, ...rows);
}
