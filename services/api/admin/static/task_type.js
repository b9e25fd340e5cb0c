// The form of a task type.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { clearComplaints, showComplaints } from "./form.js";
import { showStages } from "./stages.js";
import { t } from "./i18n.js";
import { complain, tellThere } from "./toast.js";

const LIST = "/admin/tasks/tasktype/";
const NUMBERS = ["max_attempts", "priority", "min_backoff", "max_backoff"];
const OPTIONAL_NUMBERS = ["processing_time", "timeout", "stage_timeout"];

const form = document.getElementById("type");
const name = form.dataset.name;
const fields = form.elements;

/** Return what the form says, as the API takes it; a text that is no number is sent as it is, and refused there. */
function said() {
  const kind = fields.kind.value;
  const number = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text));
  const body = { title: fields.title.value.trim(), handler: null, stages: null };
  if (!name) body.name = fields.name.value.trim();
  if (kind === "handler") body.handler = fields.handler.value.trim();
  if (kind === "pipeline") {
    body.stages = fields.stages.value.split("\n").map((line) => line.trim()).filter(Boolean);
  }
  for (const one of NUMBERS) body[one] = number(fields[one].value);
  for (const one of OPTIONAL_NUMBERS) body[one] = fields[one].value.trim() === "" ? null : number(fields[one].value);
  body.stage_timeout_ends = fields.stage_timeout_ends.checked;
  if (kind !== "tracked") Object.assign(body, { stage_timeout: null, stage_timeout_ends: false });
  return body;
}

function showKind() {
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== fields.kind.value;
}

form.addEventListener("change", showKind);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearComplaints(form);
  const button = form.querySelector("button.primary");
  button.disabled = true;
  try {
    const body = said();
    if (name) await api("PATCH", `/task-types/${encodeURIComponent(name)}`, body);
    else await api("POST", "/task-types", body);
    tellThere(name ? t("{name} is saved.", { name }) : t("{name} is created.", { name: body.name }));
    window.location.assign(LIST);
  } catch (error) {
    if (error.errors) showComplaints(form, error);
    else complain(error);
    button.disabled = false;
  }
});

for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", async () => {
    const action = button.dataset.action;
    const path = `/task-types/${encodeURIComponent(name)}`;
    try {
      if (action === "delete") {
        const text = t("No task may have it; what is deleted is gone.");
        if (!(await confirmed(t("Delete {name}?", { name }), text, t("Delete")))) return;
        await api("DELETE", path);
        tellThere(t("{name} is deleted.", { name }));
        window.location.assign(LIST);
      } else {
        await api("POST", `${path}/${action}`);
        tellThere(action === "pause" ? t("{name} is paused: its tasks wait.", { name }) : t("{name} goes on.", { name }));
        window.location.reload();
      }
    } catch (error) {
      complain(error.code === "task_type_in_use" ? t("Tasks of this type exist; delete them first, or pause the type.") : error);
    }
  });
}

showKind();
if (name) showStages(document.getElementById("stages"), name);
