// Sparklines: an hour of minutes, what was completed and, in its own colour, what failed.
const NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 28;

/** Return a drawing of two lists of numbers, oldest first; the tallest minute fills it. */
export function spark(completed, failed, label) {
  const made = (name, attributes) => {
    const node = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const most = Math.max(1, ...completed.map((count, minute) => count + failed[minute]));
  const step = WIDTH / completed.length;
  const drawing = made("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label });
  drawing.append(made("path", { class: "spark-floor", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }));
  const bar = (kind, minute, count, below) => {
    const height = (count / most) * (HEIGHT - 2);
    const y = HEIGHT - 1 - height - (below / most) * (HEIGHT - 2);
    drawing.append(made("rect", { class: kind, x: minute * step, y, width: step - 0.4, height }));
  };
  completed.forEach((count, minute) => {
    if (count) bar("spark-completed", minute, count, 0);
    if (failed[minute]) bar("spark-error", minute, failed[minute], count);
  });
  return drawing;
}
