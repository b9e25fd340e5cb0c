// Tasks that are picked, one by one or all that match, and what is done to them.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { t } from "./i18n.js";
import { complain, tell } from "./toast.js";

const EVERY = "status:new,processing,completed,error";
const bar = document.getElementById("bulk");
const all = document.getElementById("pick-all");

/** Return how many there are, as a person reads it. */
const counted = ({ count, is_exact }) => `${count.toLocaleString(document.documentElement.lang)}${is_exact ? "" : "+"}`;

const QUESTIONS = {
  cancel: {
    title: (count) => t("Cancel {count} tasks?", { count }),
    text: () => t("They end in ERROR at once, and their workers are told."),
    yes: () => t("Cancel them"),
  },
  retry: {
    title: (count) => t("Retry {count} tasks?", { count }),
    text: () => t("Each gets another attempt."),
    yes: () => t("Retry them"),
  },
  delete: {
    title: (count) => t("Delete {count} tasks?", { count }),
    text: () => t("They and their histories are gone for good; tasks that are not over stay."),
    yes: () => t("Delete them"),
  },
};

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
        if (await act(button.dataset.bulk, chosen)) clear();
      } catch (error) {
        complain(error);
      }
      button.disabled = false;
    });
  }
  refresh();
  return { has: (id) => isEverything || picked.has(id), refresh };
}

/** Ask with the count, and do it; return whether it was done. */
async function act(action, chosen) {
  const preview = await api("POST", "/tasks/bulk", { action, ...chosen, dry_run: true });
  if (!preview.count) {
    tell(t("None of them allows it."));
    return false;
  }
  const { title, text, yes } = QUESTIONS[action];
  if (!(await confirmed(title(counted(preview)), text(), yes(), { danger: action !== "retry" }))) return false;
  let applied = 0;
  let others = 0;
  let cursor = null;
  do {
    const said = cursor === null ? { action, ...chosen } : { action, ...chosen, cursor };
    const changed = await api("POST", "/tasks/bulk", said);
    applied += changed.applied;
    others += changed.count - changed.applied;
    cursor = changed.cursor;
  } while (cursor !== null);
  tell(t("Done for {applied} tasks, {others} did not allow it.", { applied, others }));
  return true;
}
