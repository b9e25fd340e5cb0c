// Where the open tasks of a type are: a bar for each stage, from GET /task-types/{name}/stages.
import { api } from "./api.js";
import { element } from "./dom.js";
import { t } from "./i18n.js";
import { every } from "./live.js";
import { written } from "./texts.js";
import { ago, duration } from "./time.js";

const SECONDS = 5;

/** Show a type's stages in a section, and keep them right; it stays hidden while there is nothing to tell. */
export async function showStages(section, name) {
  // Of a tracked type, what is at no stage yet; of a type without stages, everything.
  const rest = section.dataset.kind === "tracked" ? t("not begun") : t("open");
  const refresh = async () => {
    try {
      const { stages } = await api("GET", `/task-types/${encodeURIComponent(name)}/stages`);
      const most = Math.max(1, ...stages.map((stage) => stage.tasks));
      section.querySelector("ol").replaceChildren(...stages.map((stage) => line(stage, most, rest)));
      section.hidden = !stages.some((stage) => stage.tasks || stage.timed || stage.stage);
    } catch {
      // What was shown stays, and the next turn may succeed.
    }
  };
  await refresh();
  every(SECONDS, refresh);
}

function line(stage, most, rest) {
  const { tasks, silent, oldest, p50, p95 } = stage;
  const facts = [];
  if (oldest) {
    const since = t("longest: {since}", { since: ago(new Date(oldest.stage_since)) });
    facts.push(element("a", { href: `/admin/tasks/task/${oldest.task_id}/` }, since));
  }
  if (p50 !== null) {
    facts.push(element("span", {}, `p50 ${duration(p50)}`), element("span", {}, `p95 ${duration(p95)}`));
  }
  if (silent) facts.push(element("span", { class: "tag tag-warn" }, t("{silent} silent", { silent })));
  return element(
    "li",
    {},
    element("span", { class: "stage-name" }, stage.stage === null ? rest : written(stage.stage)),
    element("meter", { min: 0, max: most, value: tasks }, String(tasks)),
    element("strong", { class: "stage-count" }, tasks.toLocaleString()),
    element("span", { class: "stage-facts" }, ...facts),
  );
}
