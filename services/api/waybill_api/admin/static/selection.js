// Tasks that are picked, one by one or all that match, and what is done to them.
import { changeMany } from "./bulk.js";
import { t } from "./i18n.js";
import { complain } from "./toast.js";

const EVERY = "status:new,processing,completed,error";
const bar = document.getElementById("bulk");
const all = document.getElementById("pick-all");

/** Watch the boxes of a list; returns `has(id)` and `refresh()`, for when its rows have changed. */
export function keepSelection(list) {
  if (!bar) return null;
  const picked = new Set();
  let isEverything = false;
  const boxes = () => [...list.querySelectorAll("[data-pick]")];
  const idOf = (box) => box.closest("tr").dataset.id;

  const refresh = () => {
    const shown = boxes();
    for (const box of shown) box.checked = isEverything || picked.has(idOf(box));
    all.checked = shown.length > 0 && shown.every((box) => box.checked);
    all.indeterminate = !all.checked && shown.some((box) => box.checked);
    bar.hidden = !isEverything && !picked.size;
    document.getElementById("bulk-count").textContent = isEverything
      ? t("All that match")
      : t("{count} selected", { count: picked.size });
    document.getElementById("bulk-all").hidden = isEverything || !all.checked || !("more" in list.dataset);
  };
  const clear = () => {
    picked.clear();
    isEverything = false;
    refresh();
  };

  list.addEventListener("change", ({ target }) => {
    if (target !== all && !target.matches("[data-pick]")) return;
    if (isEverything) boxes().forEach((box) => picked.add(idOf(box)));
    isEverything = false;
    for (const box of target === all ? boxes() : [target]) {
      if (target.checked) picked.add(idOf(box));
      else picked.delete(idOf(box));
    }
    refresh();
  });
  document.getElementById("bulk-none").addEventListener("click", clear);
  document.getElementById("bulk-all").addEventListener("click", () => {
    isEverything = true;
    refresh();
  });
  for (const button of bar.querySelectorAll("[data-bulk]")) {
    button.addEventListener("click", async () => {
      const chosen = isEverything ? { q: list.dataset.q || EVERY } : { task_ids: [...picked] };
      button.disabled = true;
      try {
        if (await changeMany(button.dataset.bulk, chosen)) clear();
      } catch (error) {
        complain(error);
      }
      button.disabled = false;
    });
  }
  refresh();
  return { has: (id) => isEverything || picked.has(id), refresh };
}
