// Texts that users write, as pages show them: always visible, without effect on the text around them (see texts.py).
import { element } from "./dom.js";

const MOST_NAMED = 4;
const BLANK = /^[\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Z}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2800\u3164\uFFA0\u{E0000}-\u{E0FFF}]+$/u;
const CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/** Return a text, or the names of its characters if none of them is visible. */
export function visible(text) {
  const said = String(text);
  if (!BLANK.test(said)) return said;
  const characters = [...said];
  const named = characters.slice(0, MOST_NAMED).map((one) => `U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`);
  return `[${named.join(" ")}${characters.length > MOST_NAMED ? "…" : ""}]`;
}

/** Return a text for a place without elements, such as a sentence. */
export function isolated(text) {
  const said = visible(text);
  if (said.search(CONTROLS) < 0 && !RIGHT_TO_LEFT.test(said)) return said;
  return `\u2068${said.replace(CONTROLS, "")}\u2069`;
}

/** Return a value as JSON, with each character that changes the direction of others written as an escape. */
export function json(value) {
  return JSON.stringify(value).replace(CONTROLS, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Return a `<bdi>` element with a user's text, so that its writing direction ends with it. */
export function written(text) {
  return element("bdi", {}, visible(text));
}
