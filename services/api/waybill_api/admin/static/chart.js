// Charts of the last hour, a minute a column: counts that stand on each other, or how long things took.
import { element } from "./dom.js";
import { language, t } from "./i18n.js";
import { duration } from "./time.js";

const HEIGHT = 168;
const TOP = 10;
const FLOOR = 20;
const GUTTER = 54;
const ROOMY = 360;
const MOST_MARKS = 4;
// From a hundredth of a second to hours: only a logarithm shows both.
const LENGTHS = [0.01, 0.1, 1, 10, 60, 600, 3_600, 36_000, 360_000];
const SPACE = "http://www.w3.org/2000/svg";

function shape(name, attributes, text = "") {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

const count = (value) => value.toLocaleString(language);
const round = (seconds) => (seconds < 60 ? duration(seconds) : duration(seconds).split(" ").slice(0, 2).join(" "));

/** Return marks for counts up to `most`, evenly apart, and how high a count stands, from 0 to 1. */
function counts(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most) / MOST_MARKS));
  const step = Math.max(1, [1, 2, 5, 10].map((one) => one * power).find((one) => most <= one * MOST_MARKS));
  const marks = Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, number) => number * step);
  return { marks, share: (value) => value / marks.at(-1), say: count };
}

/** Return marks for seconds up to `most`, and how high a length of time stands, from 0 to 1. */
function lengths(most) {
  const marks = LENGTHS.slice(0, Math.max(3, LENGTHS.findIndex((one) => one >= most) + 1 || LENGTHS.length));
  const [low, high] = [Math.log(marks[0]), Math.log(marks.at(-1))];
  const share = (value) => (Math.log(Math.max(value, marks[0])) - low) / (high - low);
  return { marks, share, say: round };
}

/** Start a chart: its marks and its times; returns where things stand on it, and `end`, which shows it. */
function begin(svg, minutes, { marks, share, say }) {
  const width = svg.clientWidth || 600;
  const step = (width - GUTTER) / minutes;
  const x = (at) => GUTTER + at * step;
  const y = (value) => HEIGHT - FLOOR - (HEIGHT - FLOOR - TOP) * share(value);
  const shapes = marks.flatMap((mark) => [
    shape("line", { x1: GUTTER, x2: width, y1: y(mark), y2: y(mark), class: "chart-grid" }),
    shape("text", { x: GUTTER - 8, y: y(mark) + 4, class: "chart-label", "text-anchor": "end" }, say(mark)),
  ]);
  const times = [
    [GUTTER, "start", t("{minutes} min ago", { minutes })],
    [x(minutes / 2), "middle", t("{minutes} min ago", { minutes: minutes / 2 })],
    [width, "end", t("now")],
  ];
  // Between the two others there is room for a third only on a wide chart.
  if (width < ROOMY) times.splice(1, 1);
  shapes.push(
    ...times.map(([at, anchor, text]) => shape("text", { x: at, y: HEIGHT - 3, class: "chart-label", "text-anchor": anchor }, text)),
  );
  const end = (names, said) => {
    const column = `M0 ${TOP}h${step}V${HEIGHT - FLOOR}h${-step}z`;
    const cursor = shape("path", { d: column, class: "chart-cursor", visibility: "hidden" });
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren(cursor, ...shapes);
    const card = svg.closest(".chart-card");
    card.querySelector("[data-legend]").replaceChildren(...names.map((name) => element("span", { class: `legend-${name}` }, t(name))));
    const readout = card.querySelector("[data-readout]");
    svg.onpointermove = ({ offsetX }) => {
      const at = Math.min(minutes - 1, Math.max(0, Math.floor((offsetX - GUTTER) / step)));
      cursor.setAttribute("transform", `translate(${x(at)})`);
      cursor.setAttribute("visibility", "visible");
      readout.textContent = [t("{minutes} min ago", { minutes: minutes - 1 - at }), ...said(at)].join(" · ");
    };
    svg.onpointerleave = () => {
      cursor.setAttribute("visibility", "hidden");
      readout.textContent = "";
    };
  };
  return { step, x, y, shapes, end };
}

/** Draw how many tasks were created (a line), completed and ended in ERROR (bars) in each minute. */
export function drawCounts(svg, { created, completed, error }) {
  const minutes = created.length;
  const most = Math.max(...created, ...completed.map((value, at) => value + error[at]));
  const { step, x, y, shapes, end } = begin(svg, minutes, counts(most));
  for (let at = 0; at < minutes; at += 1) {
    const [low, middle, high] = [y(0), y(completed[at]), y(completed[at] + error[at])];
    for (const [kind, from, to] of [["completed", low, middle], ["error", middle, high]]) {
      if (from > to) shapes.push(shape("rect", { x: x(at) + 0.5, y: to, width: Math.max(1, step - 1), height: from - to, class: `chart-${kind}` }));
    }
  }
  const path = created.map((value, at) => `${x(at + 0.5).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
  shapes.push(shape("path", { d: `M${path}`, class: "chart-line" }));
  end(["created", "completed", "error"], (at) => [
    `${t("created")} ${count(created[at])}`,
    `${t("completed")} ${count(completed[at])}`,
    `${t("error")} ${count(error[at])}`,
  ]);
}

/** Draw how long tasks waited and ran in each minute: for each a bar from the median to the 95th percentile. */
export function drawLengths(svg, lines) {
  const minutes = lines["run p50"].length;
  const most = Math.max(...Object.values(lines).flat().map(Number));
  const { step, x, y, shapes, end } = begin(svg, minutes, lengths(most));
  const width = Math.max(1, step - 1);
  for (const kind of ["wait", "run"]) {
    for (let at = 0; at < minutes; at += 1) {
      const [half, almost] = [lines[`${kind} p50`][at], lines[`${kind} p95`][at]];
      if (half === null) continue;
      shapes.push(
        shape("rect", { x: x(at) + 0.5, y: y(almost), width, height: Math.max(0, y(half) - y(almost)), class: `chart-range chart-${kind}` }),
        shape("rect", { x: x(at) + 0.5, y: y(half) - 1, width, height: 2, class: `chart-${kind}` }),
      );
    }
  }
  end(["wait", "run"], (at) =>
    ["wait", "run"].map((kind) => {
      const [half, almost] = [lines[`${kind} p50`][at], lines[`${kind} p95`][at]];
      return `${t(kind)} ${half === null ? "–" : `${duration(half)} / ${duration(almost)}`}`;
    }),
  );
}
