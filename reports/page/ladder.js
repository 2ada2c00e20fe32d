// eventsOf unpacks the evidence of one step.
function eventsOf(index, step) {
  const all = ladders();
  const text = (n) => all.texts[n || 0];
  return all.of[index].rows
    .filter((row) => (row[0] || 0) === step)
    .map((row) => ({
      at: row[1] || 0, actor: text(row[2]), kind: text(row[3]), text: text(row[4]), flow: text(row[5]),
      key: !!((row[6] || 0) & 1), refusal: !!((row[6] || 0) & 2), from: text(row[7]), to: text(row[8]), rule: text(row[9]),
      layer: all.layers[all.kinds[text(row[3])] ?? all.layers.length - 1],
    }));
}

// lanesOf are the hosts that some events are about, in the order of the scenario.
function lanesOf(index, events) {
  const names = new Set(events.flatMap((e) => [e.actor, e.from, e.to]));
  const known = ladders().of[index].hosts.filter((h) => names.has(h.name));
  return known.length ? known : [...names].filter(Boolean).map((name) => ({ name, role: "" }));
}

// ruleChip is a policy line that leads to where it is on the page.
function ruleChip(rule) {
  const short = rule.slice(rule.lastIndexOf("/") + 1);
  const href = ladders().rules[rule];
  return element(href ? "a" : "span", { class: "rule", href, title: rule }, short);
}

// drawLadder draws events as a ladder diagram: a column a host, an arrow for what
// went from one to another, a note for what one did by itself.
function drawLadder(index, events) {
  const lanes = lanesOf(index, events);
  const column = (name) => lanes.findIndex((l) => l.name === name);
  const list = element("ol");
  let before;
  for (const e of events) {
    if (before !== undefined && e.at - before >= 1000) {
      list.append(element("li", { class: "pause" }, element("span", {}, lasting(e.at - before) + " later")));
    }
    before = e.at;
    list.append(drawEvent(e, column, lanes.length));
  }
  const heads = element("div", { class: "heads", "aria-hidden": "true" }, element("span"),
    ...lanes.map((l) => element("div", {}, element("b", {}, ...breakable(l.name)), element("small", {}, l.profile || (l.role === l.name ? "" : l.role)))));
  const lines = element("div", { class: "lanes", "aria-hidden": "true" },
    ...lanes.map((l, i) => element("i", { class: l.role, "--i": i })));
  [...lines.children].forEach((line, i) => { line.style.gridColumn = i + 2; });
  return element("div", { class: "ladder", tabindex: "0", role: "group", "aria-label": "Ladder diagram" },
    element("div", { class: "in", "--n": lanes.length }, lines, heads, list));
}

// breakable lets the name of a host go on in a second line behind a dot.
const breakable = (name) => name.split(/(?<=\.)/).flatMap((part) => [part, element("wbr")]);

// drawEvent draws one event in its row.
function drawEvent(e, column, width) {
  const row = element("li", {
    class: "ev l-" + e.layer.toLowerCase() + (e.refusal ? " refusal" : ""),
    title: [e.kind, "by " + e.actor, e.flow && "flow " + e.flow].filter(Boolean).join(", "),
  }, element("time", {}, time(e.at)));
  const chip = e.rule ? ruleChip(e.rule) : "";
  const label = element("span", {}, shortened(e));
  const a = column(e.from), b = column(e.to);
  if (e.kind === "StageReached") {
    row.append(element("div", { class: "stage" }, label));
  } else if (a >= 0 && b >= 0 && a !== b) {
    const arrow = element("div", { class: "arrow " + (a < b ? "right" : "left"), "--w": Math.abs(a - b) + 1 },
      element("span", { class: "away" }, e.from + " to " + e.to + ": "), label, chip);
    arrow.style.gridColumn = Math.min(a, b) + 2 + " / " + (Math.max(a, b) + 3);
    row.append(arrow);
  } else {
    row.classList.toggle("echo", ["AlertSent", "SIPSent", "TURNSent"].includes(e.kind));
    row.append(drawNote(e, label, chip, column(e.actor), width));
  }
  return row;
}

// drawNote draws what a host did by itself, over its line; a long text takes the
// room of the columns beside it.
function drawNote(e, label, chip, at, width) {
  const long = label.textContent.length + (e.rule ? 18 : 0) > 24;
  let from = at, to = at;
  if (long) [from, to] = [Math.max(0, at - 1), Math.min(width - 1, at + 1)];
  const edge = from === to ? "" : at === 0 ? " first" : at === width - 1 ? " end" : "";
  const note = element("div", { class: "note" + edge, "--w": to - from + 1 },
    element("span", { class: "away" }, e.actor + ": "), label, chip);
  note.style.gridColumn = from + 2 + " / " + (to + 3);
  return note;
}

// shortened is an event's text without the policy line, which stands beside it.
function shortened(e) {
  if (!e.rule) return e.text;
  return e.text.replace("rule " + e.rule + " ", "").replace(" by " + e.rule, "").replace("action " + e.rule + ": ", "action ");
}
