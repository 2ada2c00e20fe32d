// fill draws what happened in a step, when somebody first looks at it.
function fill(details) {
  if (details.dataset.filled) return;
  details.dataset.filled = "yes";
  const index = +details.dataset.case;
  const all = eventsOf(index, +details.dataset.step);
  const some = all.some((e) => !e.key);
  const state = { all: !some, flow: "" };
  const panel = element("div", { class: "panel" });
  const draw = () => {
    const events = all.filter((e) => (state.all || e.key) && (!state.flow || e.flow === state.flow));
    panel.querySelector(".timeline")?.remove();
    panel.querySelector(".ladder")?.remove();
    if (!events.length) return;
    const ladder = drawLadder(index, events);
    const show = (i) => {
      const row = ladder.querySelectorAll(".ev")[i];
      ladder.querySelector(".lit")?.classList.remove("lit");
      row.classList.add("lit");
      row.scrollIntoView({ block: "center", behavior: "smooth" });
    };
    panel.append(drawTimeline(events, show), ladder);
  };
  const tools = element("div", { class: "tools" });
  if (some) tools.append(...choice(all, state, draw));
  const flows = flowChoice(all, state, draw);
  if (flows) tools.append(flows);
  if (tools.children.length) panel.append(tools);
  draw();
  details.append(panel);
}

// choice are the buttons between the events that are likeliest to say why and all.
function choice(all, state, draw) {
  const key = element("button", { type: "button", "aria-pressed": "true" }, plural(all.filter((e) => e.key).length, "key event", "key events"));
  const every = element("button", { type: "button", "aria-pressed": "false" }, "all " + all.length);
  const press = (whole) => {
    state.all = whole;
    key.setAttribute("aria-pressed", String(!whole));
    every.setAttribute("aria-pressed", String(whole));
    draw();
  };
  key.addEventListener("click", () => press(false));
  every.addEventListener("click", () => press(true));
  return [key, every];
}

// flowChoice narrows to one flow; there is none where there is one flow.
function flowChoice(all, state, draw) {
  const flows = new Map();
  for (const e of all) {
    if (!e.flow) continue;
    const other = [e.from, e.to].find((h) => h && h !== "appliance" && e.actor !== h);
    flows.set(e.flow, flows.get(e.flow) || (e.actor === "appliance" ? other : "") || "");
  }
  if (flows.size < 2) return null;
  const select = element("select", { onchange: (ev) => { state.flow = ev.target.value; draw(); } }, element("option", { value: "" }, plural(flows.size, "flow", "flows")),
    ...[...flows].map(([flow, to]) => element("option", { value: flow }, flow + (to ? " to " + to : ""))));
  return element("label", {}, element("span", { class: "away" }, "Flow"), select);
}
