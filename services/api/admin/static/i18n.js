// The words of the page's language; English is what the code itself says.
export const language = document.documentElement.lang;

const words = language === "en" ? {} : await fetch(`/admin/static/${language}.json`).then((answer) => answer.json());

/** Return what a problem of the API says in the page's language: its detail or, by its code, what it is in general. */
export function told({ detail, code, title }) {
  return words[detail] ?? words[`problem:${code}`] ?? detail ?? title ?? t("The server gave no reason.");
}

/** Return a text in the page's language, with its {parts} filled in. */
export function t(text, parts = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => String(parts[name] ?? whole));
}
