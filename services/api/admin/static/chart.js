// Charts of the last hour: bars that stand on each other, or lines, each a minute wide.
import { element } from "./dom.js";
import { language, t } from "./i18n.js";

const HEIGHT = 150;
const TOP = 14;
const LEAST = 0.01;
const SPACE = "http://www.w3.org/2000/svg";

function shape(name, attributes, text = "") {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

const kindOf = (name) => name.replace(/\W+/g, "-");
const short = (value) => value.toLocaleString(language, { maximumFractionDigits: value < 10 ? 2 : 0 });

/** Return a round number that is not below a value. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 5, 10].map((step) => step * power).find((one) => one >= value) ?? 1;
}

/** Return how high a value stands, from 0 to 1, and the values that are marked beside it. */
function scaleTo(most, isLogarithmic) {
  if (!isLogarithmic) return { high: (value) => value / most, marks: [0, most / 2, most] };
  // From milliseconds to hours: only a logarithm shows both.
  const top = Math.max(1, Math.ceil(Math.log10(most)));
  const high = (value) => Math.max(0, (Math.log10(Math.max(value, LEAST)) - Math.log10(LEAST)) / (top - Math.log10(LEAST)));
  return { high, marks: Array.from({ length: top + 3 }, (_, power) => 10 ** (power - 2)) };
}

/** Draw the lines, by name one number or null for each minute; those in `stacked` as bars, without any by logarithm. */
export function draw(svg, lines, stacked) {
  const width = svg.clientWidth || 600;
  const count = Math.max(...Object.values(lines).map((line) => line.length));
  const sums = Array.from({ length: count }, (_, at) => stacked.reduce((sum, name) => sum + lines[name][at], 0));
  const most = ceiling(Math.max(...sums, ...Object.values(lines).flat().map(Number)));
  const step = width / count;
  const { high: share, marks } = scaleTo(most, !stacked.length);
  const y = (value) => HEIGHT - (HEIGHT - TOP) * share(value);
  const shapes = marks.map((mark) => shape("line", { x1: 0, x2: width, y1: y(mark), y2: y(mark), class: "chart-grid" }));
  for (let at = 0; at < count; at += 1) {
    let under = 0;
    for (const name of stacked) {
      const value = lines[name][at];
      if (!value) continue;
      const [low, high] = [y(under), y(under + value)];
      shapes.push(shape("rect", { x: at * step + 0.5, y: high, width: Math.max(1, step - 1), height: low - high, class: `chart-${kindOf(name)}` }));
      under += value;
    }
  }
  for (const [name, line] of Object.entries(lines).filter(([one]) => !stacked.includes(one))) {
    let pen = "M";
    let path = "";
    line.forEach((value, at) => {
      if (value !== null) path += `${pen}${((at + 0.5) * step).toFixed(1)} ${y(value).toFixed(1)}h.01`;
      pen = value === null ? "M" : "L";
    });
    shapes.push(shape("path", { d: path || "M0 0", class: `chart-line chart-${kindOf(name)}` }));
  }
  const said = stacked.length ? marks.slice(2) : marks;
  shapes.push(...said.map((mark) => shape("text", { x: 0, y: y(mark) - 4, class: "chart-label" }, short(mark))));
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT + 1}`);
  svg.replaceChildren(...shapes);
  const card = svg.closest(".chart-card");
  card.querySelector("[data-legend]").replaceChildren(
    ...Object.keys(lines).map((name) => element("span", { class: `legend-${kindOf(name)}` }, t(name))),
  );
  const readout = card.querySelector("[data-readout]");
  svg.onpointermove = ({ offsetX }) => {
    const at = Math.min(count - 1, Math.max(0, Math.floor(offsetX / step)));
    const values = Object.entries(lines).map(([name, line]) => `${t(name)} ${line[at] === null ? "–" : short(line[at])}`);
    readout.textContent = [t("{minutes} min ago", { minutes: count - 1 - at }), ...values].join(" · ");
  };
  svg.onpointerleave = () => (readout.textContent = "");
}
