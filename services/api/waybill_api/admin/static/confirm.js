// A question before something that cannot be taken back.
/** Ask, and return whether the answer was yes; `examples` are items of a list of what it is about. */
export function confirmed(title, text, yes, { danger = true, examples = [] } = {}) {
  const dialog = document.getElementById("confirm");
  document.getElementById("confirm-title").textContent = title;
  document.getElementById("confirm-text").textContent = text;
  const list = document.getElementById("confirm-examples");
  list.replaceChildren(...examples);
  list.hidden = !examples.length;
  const button = document.getElementById("confirm-yes");
  button.textContent = yes;
  button.classList.toggle("danger", danger);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
