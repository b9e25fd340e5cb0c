// The words of the page's language; English is what the code itself says.
export const language = document.documentElement.lang;

const words = language === "en" ? {} : await fetch(`/admin/static/${language}.json`).then((answer) => answer.json());

/** Return a text in the page's language, with its {parts} filled in. */
export function t(text, parts = {}) {
  return (words[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => String(parts[name] ?? whole));
}
