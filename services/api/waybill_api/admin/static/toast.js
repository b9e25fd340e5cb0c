// Short messages in a corner, which leave by themselves unless they complain.
import { element } from "./dom.js";
import { t } from "./i18n.js";

const SECONDS = 5;

/** Tell that something was done. */
export function tell(text) {
  show(text, "toast", SECONDS);
}

/** Tell that something went wrong; an error gives its message. It stays until it is closed. */
export function complain(error) {
  show(error instanceof Error ? error.message : String(error), "toast toast-bad", 0);
}

/** Tell it on the next page. */
export function tellThere(text) {
  sessionStorage.setItem("waybill-toast", text);
}

/** Tell how something goes on: `say(text)`, as often as there is news, and `end()`. */
export function telling() {
  let toast = null;
  return {
    say: (text) => {
      toast ??= show(text, "toast", 0);
      toast.firstElementChild.textContent = text;
    },
    end: () => toast?.remove(),
  };
}

export function showWaiting() {
  const text = sessionStorage.getItem("waybill-toast");
  sessionStorage.removeItem("waybill-toast");
  if (text) tell(text);
}

function show(text, kind, seconds) {
  const close = element("button", { type: "button", class: "quiet", "aria-label": t("Close") }, "×");
  const toast = element("div", { class: kind }, element("span", {}, text), close);
  close.addEventListener("click", () => toast.remove());
  document.getElementById("toasts")?.append(toast);
  if (seconds) setTimeout(() => toast.remove(), seconds * 1000);
  return toast;
}
