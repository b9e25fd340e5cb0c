// Times: how long ago, with the exact time where one points.
import { language, t } from "./i18n.js";

// In English the short style has full stops, which the narrow one has not; in Russian the narrow one is but a number.
const style = language === "en" ? "narrow" : "short";
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style });
const absolute = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Return how long ago a Date was. */
export function ago(date, now = Date.now()) {
  const seconds = (date.getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** Return seconds as people say them: 350 ms, 4.2 s, 3 min 5 s, 2 h 10 min. */
export function duration(seconds) {
  const say = (value, unit, digits = 0) =>
    `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${t(unit)}`;
  const whole = Math.floor;
  if (seconds < 1) return say(seconds * 1000, "ms");
  if (seconds < 60) return say(seconds, "s", 1);
  if (seconds < 3_600) return `${say(whole(seconds / 60), "min")} ${say(whole(seconds % 60), "s")}`;
  return `${say(whole(seconds / 3_600), "h")} ${say(whole((seconds % 3_600) / 60), "min")}`;
}

/** Return how long something has lasted by now, in whole seconds: anything finer would only flicker. */
function lasting(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return whole < 1 ? `0 ${t("s")}` : duration(whole);
}

/** Show every <time datetime> below a node as how long ago it was, and lengths in the language of the page. */
export function refreshTimes(root = document) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const text = ago(date, now);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = `${absolute.format(date)} (${time.dateTime})`;
  }
  refreshLengths(root, now);
}

/** Show every [data-seconds] below a node as a length of time, and every [data-since] as how long it has lasted. */
function refreshLengths(root, now) {
  for (const node of root.querySelectorAll("[data-seconds], [data-since]")) {
    const { seconds, since } = node.dataset;
    const text = seconds === undefined ? lasting((now - new Date(since)) / 1000) : duration(Number(seconds));
    if (node.textContent !== text) node.textContent = text;
  }
}

/** Keep them right. */
export function keepTimes() {
  refreshTimes();
  setInterval(() => document.hidden || refreshTimes(), 1_000);
}
