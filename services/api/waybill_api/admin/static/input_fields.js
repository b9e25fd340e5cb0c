// The input of a task as fields, one for each simple property of its type's schema; JSON for all others.
import { element } from "./dom.js";
import { Exact, JsonText, numberIn, parsed, withTexts } from "./exact.js";
import { t } from "./i18n.js";

const SIMPLE = ["string", "number", "integer", "boolean"];

/** Return the part of a schema that a reference within it leads to. */
function resolved(root, part) {
  let found = part;
  for (let steps = 0; typeof found?.$ref === "string" && steps < 9; steps += 1) {
    const path = decodeURIComponent(found.$ref.slice(1)).split("/").slice(1);
    const { $ref, ...beside } = found;
    const there = path.reduce((place, step) => place?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], root);
    found = there && { ...there, ...beside };
  }
  return found ?? {};
}

/** Return what a property takes: the kind of its field, and for `enum` its options. */
function kindOf(root, property) {
  let part = resolved(root, property);
  if (part.anyOf) {
    const others = part.anyOf.map((one) => resolved(root, one)).filter((one) => one.type !== "null");
    if (others.length !== 1) return { kind: "json" };
    part = others[0];
  }
  if (part.enum?.every((one) => one === null || typeof one !== "object")) return { kind: "enum", options: part.enum };
  const types = [part.type ?? []].flat().filter((one) => one !== "null");
  return { kind: types.length === 1 && SIMPLE.includes(types[0]) ? types[0] : "json" };
}

/** Return whether an input with these values can be shown as fields. */
export function hasFields(schema, given) {
  const properties = [schema?.type].flat().includes("object") ? schema.properties : null;
  if (!properties || !Object.keys(properties).length) return false;
  return given === undefined || (given !== null && typeof given === "object" && Object.keys(given).every((key) => key in properties));
}

const jsonOf = (value) => (value instanceof Exact ? value.text : JSON.stringify(value, (_, one) => (one instanceof Exact ? Number(one.text) : one)));
const nameOf = (key) => `input/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;

function select(attributes, options, chosen, isRequired) {
  const shown = options.map((one) => element("option", { value: JSON.stringify(one), selected: one === chosen }, typeof one === "string" ? one : JSON.stringify(one)));
  if (!isRequired || chosen === undefined) shown.unshift(element("option", { value: "", selected: chosen === undefined }, ""));
  return element("select", attributes, ...shown);
}

function control(key, kind, options, value, { isRequired, isSecret }) {
  const attributes = { name: nameOf(key), "data-key": key, "data-kind": kind, "aria-required": isRequired ? "true" : null, autocomplete: "off", spellcheck: "false" };
  const plain = value instanceof Exact ? Number(value.text) : value;
  if (kind === "boolean") return select(attributes, [true, false], plain, isRequired);
  if (kind === "enum") return select(attributes, options, plain, isRequired);
  const text = value === undefined || value === null ? "" : kind === "json" || typeof value !== "string" ? jsonOf(value) : value;
  if (kind === "json") return Object.assign(element("textarea", { ...attributes, rows: 3 }), { defaultValue: text });
  if (kind === "string") return element("input", { ...attributes, dir: "auto", type: isSecret ? "password" : "text", value: text });
  return element("input", { ...attributes, type: "number", step: kind === "integer" ? "1" : "any", value: text });
}

/** Return the labelled fields of an input; `given` holds the values to begin with, as `parsed` returns them. */
export function inputFields(schema, secret, given) {
  return Object.entries(schema.properties).map(([key, property]) => {
    const part = resolved(schema, property);
    const { kind, options } = kindOf(schema, property);
    const isRequired = (schema.required ?? []).includes(key);
    const value = given && key in given ? given[key] : part.default;
    const field = control(key, kind, options, value, { isRequired, isSecret: secret.includes(key) });
    const note = [isRequired ? t("Required.") : null, kind === "json" ? t("As JSON.") : null, part.description ?? null].filter(Boolean).join(" ");
    return element("label", { class: "field" }, element("bdi", {}, part.title ?? key), field, note && element("small", {}, note));
  });
}

/** Return what the fields say as a JSON text, and what in them is no JSON; an empty field is left out. */
export function inputIn(form) {
  const said = {};
  const errors = [];
  for (const field of form.querySelectorAll("[data-key]")) {
    const { key, kind } = field.dataset;
    if (field.value === "" && !field.validity.badInput) continue;
    if (kind === "string") said[key] = field.value;
    else if (kind === "number" || kind === "integer") said[key] = numberIn(field.value);
    else {
      try {
        JSON.parse(field.value);
        said[key] = new JsonText(field.value);
      } catch (error) {
        errors.push({ pointer: `/${field.name}`, detail: `${t("This is no JSON.")} ${error.message}` });
      }
    }
  }
  return { text: withTexts(said), errors };
}

/** Return the value of a JSON text with exact numbers; undefined if it is empty, null if it is no JSON. */
export function valueOf(text) {
  if (!text.trim()) return undefined;
  try {
    return parsed(text);
  } catch {
    return null;
  }
}
