// One thing done to many tasks: asked first, with how many there are and some of them; then done slice by slice.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { element } from "./dom.js";
import { language, t } from "./i18n.js";
import { written } from "./texts.js";
import { tell, telling } from "./toast.js";

const SHOWN = 5;

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

/** Return how many there are, as a person reads it. */
const counted = ({ count, is_exact }) => `${count.toLocaleString(language)}${is_exact ? "" : "+"}`;

/**
 * Ask with the count, and do it; return whether it was done. `chosen` is `{ q }` or `{ task_ids }`, as POST /tasks/bulk
 * takes them. Raises ApiProblem; what was done until then is told.
 */
export async function changeMany(action, chosen) {
  const preview = await api("POST", "/tasks/bulk", { action, ...chosen, dry_run: true });
  if (!preview.count) {
    tell(t("None of them allows it."));
    return false;
  }
  const { title, text, yes } = QUESTIONS[action];
  const count = counted(preview);
  const examples = await some(preview.task_ids);
  if (!(await confirmed(title(count), text(), yes(), { danger: action !== "retry", examples }))) return false;
  await carryOut(action, chosen, count);
  return true;
}

async function carryOut(action, chosen, count) {
  const progress = telling();
  let applied = 0;
  let others = 0;
  let cursor = null;
  try {
    do {
      const said = cursor === null ? { action, ...chosen } : { action, ...chosen, cursor };
      const changed = await api("POST", "/tasks/bulk", said);
      applied += changed.applied;
      others += changed.count - changed.applied;
      cursor = changed.cursor;
      if (cursor !== null) progress.say(t("{applied} of {count} are done; it goes on.", { applied, count }));
    } while (cursor !== null);
  } finally {
    progress.end();
    // Where it broke off, what was done is done.
    tell(t("Done for {applied} tasks, {others} did not allow it.", { applied, others }));
  }
}

/** Return some of those tasks as links, which open beside this page. */
async function some(ids) {
  const asked = encodeURIComponent(`id:${ids.slice(0, SHOWN).join(",")}`);
  const tasks = await api("GET", `/tasks?order=newest&limit=${SHOWN}&q=${asked}`);
  return tasks.map(({ task_id, name, error }) => {
    const link = element("a", { href: `/admin/tasks/task/${task_id}/`, target: "_blank" }, written(name));
    return element("li", {}, link, error && element("small", {}, written(error.message ?? error.code)));
  });
}
