// Keys: `/` searches, `j` and `k` walk the rows, `x` selects one, `g` and a letter go to a page, `?` lists them all.
let rowIndex = -1;
let isGoing = false;

/** Listen for keys; they never take a letter from somebody who types. */
export function watchKeys() {
  const keys = document.getElementById("keys");
  document.getElementById("show-keys")?.addEventListener("click", () => keys.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
    const done = isGoing ? go(event.key) : press(event.key, keys);
    if (done) event.preventDefault();
  });
}

function press(key, keys) {
  if (key === "?" && keys) keys.showModal();
  else if (key === "/") return focus(document.querySelector("[data-search]"));
  else if (key === "n") return click(document.querySelector("[data-new]"));
  else if (key === "x") return click(document.querySelector(".here [data-pick]"));
  else if (key === "j") walk(1);
  else if (key === "k") walk(-1);
  else if (key === "g") {
    isGoing = true;
    setTimeout(() => (isGoing = false), 1_500);
  } else return false;
  return true;
}

function go(key) {
  isGoing = false;
  return /^[a-z]$/.test(key) && click(document.querySelector(`.nav a[data-key="${key}"]`));
}

function walk(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const current = rows.findIndex((row) => row.classList.contains("here"));
  rowIndex = Math.min(rows.length - 1, Math.max(0, (current < 0 ? (step > 0 ? -1 : rows.length) : current) + step));
  rows.forEach((row, index) => row.classList.toggle("here", index === rowIndex));
  const row = rows[rowIndex];
  row.querySelector("[data-open]")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function focus(target) {
  target?.focus();
  target?.select?.();
  return Boolean(target);
}

function click(target) {
  target?.click();
  return Boolean(target);
}
