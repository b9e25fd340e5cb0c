// JSON whose numbers stay as they are written: JavaScript's own have fewer digits than JSON's may have.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
// The server refuses this character, so that no key of its data is this one.
const MARK = "\u0000";

/** A number as it was written. */
export class Exact {
  constructor(text) {
    this.text = text;
  }
}

/** Return the value of a JSON text, with an Exact in place of every number. Raises SyntaxError. */
export function parsed(text) {
  JSON.parse(text);
  const marked = text.replace(TOKEN, (token) => (token.startsWith('"') ? token : `{${JSON.stringify(MARK)}:"${token}"}`));
  return JSON.parse(marked, (key, value) => (value !== null && typeof value === "object" && MARK in value ? new Exact(value[MARK]) : value));
}

/** A JSON text that is sent as it is. */
export class JsonText {
  constructor(text) {
    this.text = text;
  }
}

/** Return the number that a field says, exactly; a text that is none is sent as it is, and refused there. */
export function numberIn(text) {
  const typed = text.trim();
  if (/^-?\d+$/.test(typed)) return new JsonText(typed.replace(/^(-?)0+(?=\d)/, "$1"));
  const number = Number(typed);
  return typed === "" || !Number.isFinite(number) ? text : number;
}

/** Return the JSON text of an object; a value that is a JsonText stands in it as it was written. */
export function withTexts(body) {
  const members = Object.entries(body).map(([key, value]) => `${JSON.stringify(key)}:${value instanceof JsonText ? value.text : JSON.stringify(value)}`);
  return new JsonText(`{${members.join(",")}}`);
}
