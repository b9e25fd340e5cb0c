// Buttons that copy a text of the page.
import { t } from "./i18n.js";
import { complain, tell } from "./toast.js";

/** Let every [data-copy] below a node copy the text of the element with that id. */
export function watchCopies(root = document) {
  root.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    try {
      await copy(from.dataset.text ?? from.textContent);
      tell(t("Copied."));
    } catch (error) {
      complain(error);
    }
  });
}

/** Copy a text; browsers have no clipboard for pages that came over plain HTTP from another machine. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "hidden" });
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (!isCopied) throw new Error(t("The browser does not allow it."));
}
