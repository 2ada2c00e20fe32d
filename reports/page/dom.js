// element makes an element. Properties whose names begin with "--" are set on its
// style, "on..." are listeners, the others are attributes; false leaves one out.
function element(name, properties, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith("--")) e.style.setProperty(key, value);
    else if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c !== "" && c !== null && c !== undefined));
  return e;
}

// once remembers what a function without arguments gives.
function once(make) {
  let made;
  return () => (made === undefined ? (made = make()) : made);
}

const data = (id) => once(() => JSON.parse(document.getElementById(id).textContent));
const cases = data("cases");
const ladders = data("ladders");

// time is milliseconds as seconds with three digits.
const time = (ms) => (ms / 1000).toFixed(3) + "s";

// lasting is a length of time in few words.
function lasting(ms) {
  if (ms < 10000) return +(ms / 1000).toPrecision(3) + " s";
  const s = Math.round(ms / 1000);
  if (s < 60) return s + " s";
  const units = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];
  const [large, l, small, unit] = units.find(([large]) => s >= large);
  const rest = Math.floor((s % large) / small);
  return Math.floor(s / large) + " " + l + (rest ? " " + rest + " " + unit : "");
}

const plural = (n, one, many) => n + " " + (n === 1 ? one : many);
