// The words of the page's language; English is what the code itself says.
import { at } from "./root.js";
import { isolated } from "./texts.js";

export const language = document.documentElement.lang;

const words = language === "en" ? {} : await fetch(at(`/admin/static/${language}.json`)).then((answer) => answer.json());

/** Return what a problem of the API says in the page's language: its detail or, by its code, what it is in general. */
export function told({ detail, code, title }) {
  return words[detail] ?? words[`problem:${code}`] ?? detail ?? title ?? t("The server gave no reason.");
}

/** Return what the API says of one field; its sentences are English, with numbers and expressions in them. */
export function complained(detail) {
  const numbers = [];
  const place = (number) => `{${numbers.push(number) - 1}}`;
  const sentence = detail.replace(/ pattern '.*'$/, " pattern").replace(/-?\d+/g, place);
  return sentence in words ? t(sentence, numbers) : t(detail);
}

/** Return a text in the page's language, with its {parts} filled in. */
export function t(text, parts = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => isolated(parts[name] ?? whole));
}
