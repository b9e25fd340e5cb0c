// The page of a task: it is shown anew whenever something happens to the task.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { element } from "./dom.js";
import { keepHistory } from "./history.js";
import { watchCopies } from "./copy.js";
import { t } from "./i18n.js";
import { growTrees } from "./json_tree.js";
import { every } from "./live.js";
import { growLogs } from "./logs.js";
import { page } from "./pages.js";
import { go } from "./root.js";
import { follow } from "./stream.js";
import { complain, tell, tellThere } from "./toast.js";

const place = document.getElementById("task");
const history = keepHistory(place);
const path = `/tasks/${place.dataset.id}`;

/** Say that the task was deleted, and leave the page as it was last. */
function showDeleted() {
  if (place.classList.contains("gone")) return;
  hold(true);
  place.classList.add("gone");
  for (const button of place.querySelectorAll("[data-action], [data-more]")) button.remove();
  place.before(element("p", { class: "complaint", role: "alert" }, t("The task is deleted. This is how it was last.")));
}

/** Show the task as it is now; what was folded or open, and the focus, stay as they were. */
async function refresh() {
  let now;
  try {
    now = (await page(window.location.href)).getElementById("task");
  } catch (error) {
    if (error.status === 404) return showDeleted();
    throw error;
  }
  growTrees(now);
  const kept = new Map([...place.querySelectorAll("[data-keep]")].map((one) => [one.dataset.keep, one.open]));
  for (const one of now.querySelectorAll("[data-keep]")) one.open = kept.get(one.dataset.keep) ?? one.open;
  const { action, copy } = document.activeElement?.dataset ?? {};
  place.dataset.attempt = now.dataset.attempt;
  place.replaceChildren(...now.children);
  await history.restore();
  if (action || copy) place.querySelector(action ? `[data-action="${action}"]` : `[data-copy="${copy}"]`)?.focus({ preventScroll: true });
}

const ACTIONS = {
  async cancel() {
    const text = t("It ends in ERROR at once, and its worker is told.");
    if (!(await confirmed(t("Cancel {name}?", { name: place.dataset.name }), text, t("Cancel the task")))) return;
    await api("POST", `${path}/cancel`, { attempt: Number(place.dataset.attempt) });
    tell(t("The task is cancelled."));
  },
  async retry() {
    await api("POST", `${path}/retry`, { attempt: Number(place.dataset.attempt) });
    tell(t("Another attempt is open."));
  },
  async delete() {
    const text = t("The task and its history are gone for good.");
    if (!(await confirmed(t("Delete {name}?", { name: place.dataset.name }), text, t("Delete")))) return;
    await api("DELETE", path);
    tellThere(t("{name} is deleted.", { name: place.dataset.name }));
    go("/admin/tasks/task/");
  },
};

place.addEventListener("click", async (event) => {
  const { target } = event;
  if (target.closest("[data-more]")) {
    event.preventDefault();
    await history.more().catch(complain);
    return;
  }
  const button = target.closest("[data-action]");
  if (!button) return;
  button.disabled = true;
  try {
    await ACTIONS[button.dataset.action]();
    if (button.dataset.action !== "delete") await refresh();
  } catch (error) {
    complain(error);
  }
  button.disabled = false;
});

/** The last words of a run come a moment after its end. */
let grew = false;

/** Show what the task has printed meanwhile. */
async function grow() {
  const grows = Boolean(place.querySelector("[data-grows]"));
  if ((grows || grew) && !place.classList.contains("gone")) await growLogs(place, path, refresh).catch(() => {});
  grew = grows;
}

growTrees();
watchCopies();
every(2, grow);
const hold = follow(`${path}/events?after=${Number.MAX_SAFE_INTEGER}`, refresh);
