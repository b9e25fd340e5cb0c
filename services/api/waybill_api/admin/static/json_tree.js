// JSON that can be folded; numbers are shown as they were written.
import { element } from "./dom.js";
import { Exact, parsed } from "./exact.js";
import { t } from "./i18n.js";
import { json } from "./texts.js";

const OPEN_UP_TO = 30;

/** Make every [data-json] below a node a tree; what is in it stays to be copied. */
export function growTrees(root = document) {
  for (const place of root.querySelectorAll("[data-json]")) {
    place.dataset.text = place.textContent;
    const value = parsed(place.textContent);
    if (isBranch(value)) place.replaceChildren(branch(value, place.dataset.json, place.textContent.split("\n").length <= OPEN_UP_TO));
  }
}

const isBranch = (value) => value !== null && typeof value === "object" && !(value instanceof Exact);

function branch(value, path, isOpen, label = "") {
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const size = isList ? `[${entries.length}]` : `{${entries.length}}`;
  const twigs = entries.map(([key, one]) => {
    const name = isList ? key : json(key);
    return isBranch(one) ? branch(one, `${path}/${key}`, isOpen, name) : element("div", {}, element("span", { class: "json-key" }, `${name}: `), leaf(one));
  });
  const summary = element("summary", {}, label && element("span", { class: "json-key" }, `${label} `), element("span", { class: "faint" }, size));
  return element("details", { open: isOpen || !label, "data-keep": path, class: "json-branch" }, summary, ...twigs);
}

function kindOf(value) {
  if (value === null) return "null";
  return value instanceof Exact ? "number" : typeof value;
}

function leaf(value) {
  const text = value instanceof Exact ? value.text : json(value);
  return element("span", { class: `json-${kindOf(value)}`, title: typeof value === "string" ? t("{count} characters", { count: value.length }) : null }, text);
}
