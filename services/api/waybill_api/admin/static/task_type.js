// The form of a task type.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { JsonText, numberIn, withTexts } from "./exact.js";
import { clearComplaints, pristine, showComplaints } from "./form.js";
import { t } from "./i18n.js";
import { CHANGED_MEANWHILE, showDifferences, takeOver } from "./meanwhile.js";
import { isUnanswered } from "./once.js";
import { page } from "./pages.js";
import { go } from "./root.js";
import { showStages } from "./stages.js";
import { complain, tellThere } from "./toast.js";

const LIST = "/admin/tasks/tasktype/";
const NUMBERS = ["max_attempts", "priority", "min_backoff", "max_backoff"];
const OPTIONAL_NUMBERS = ["processing_time", "timeout", "stage_timeout"];

const form = document.getElementById("type");
const name = form.dataset.name;
const fields = form.elements;
const path = `/task-types/${encodeURIComponent(name)}`;

/** Return whether nothing stands in a field; the value of one in which no number stands is empty as well. */
const isEmpty = (field) => field.value.trim() === "" && !field.validity.badInput;

const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

/** Return what a form says, as the API takes it; a schema that is no JSON is sent as a text, and refused there. */
function said({ elements }) {
  const kind = elements.kind.value;
  const body = { title: elements.title.value.trim(), handler: null, stages: null };
  if (!name) body.name = elements.name.value.trim();
  if (kind === "handler") body.handler = elements.handler.value.trim();
  if (kind === "pipeline") {
    body.stages = lines(elements.stages.value);
  }
  for (const one of NUMBERS) body[one] = numberIn(elements[one].value);
  for (const one of OPTIONAL_NUMBERS) body[one] = isEmpty(elements[one]) ? null : numberIn(elements[one].value);
  body.stage_timeout_ends = elements.stage_timeout_ends.checked;
  if (kind !== "tracked") Object.assign(body, { stage_timeout: null, stage_timeout_ends: false });
  body.input_schema = isEmpty(elements.input_schema) ? null : jsonIn(elements.input_schema.value);
  body.secret = lines(elements.secret.value);
  return body;
}

function jsonIn(text) {
  try {
    JSON.parse(text);
    return new JsonText(text);
  } catch {
    return text;
  }
}

/** Return the fields that were edited, so that saving them does not undo changes by another user. */
function changes() {
  const untouched = said(pristine(form));
  const isOther = ([field, value]) => JSON.stringify(value) !== JSON.stringify(untouched[field]);
  return Object.fromEntries(Object.entries(said(form)).filter(isOther));
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
    if (name) await save();
    else await create(said(form));
    go(LIST);
  } catch (error) {
    if (error.status === CHANGED_MEANWHILE) await showMeanwhile(error).catch(complain);
    else if (error.errors) showComplaints(form, error);
    else complain(error);
    button.disabled = false;
  }
});

async function save() {
  const body = changes();
  if (!Object.keys(body).length) return tellThere(t("Nothing was changed."));
  await api("PATCH", path, withTexts(body), { headers: { "If-Match": form.dataset.etag } });
  tellThere(t("{name} is saved.", { name }));
}

let isLost = false;

/** Create the type. After a lost answer, an existing equal type counts as created by that request. */
async function create(body) {
  let made = { served: null };
  try {
    made = await api("POST", "/task-types", withTexts(body));
  } catch (error) {
    const isThere = isLost && error.code === "task_type_exists" && (await isSame(body));
    isLost ||= isUnanswered(error);
    if (!isThere) throw error;
  }
  const isWaiting = made.served === false;
  tellThere(isWaiting ? t("{name} is created; no live worker serves it yet.", { name: body.name }) : t("{name} is created.", { name: body.name }));
}

async function isSame(body) {
  const there = await api("GET", `/task-types/${encodeURIComponent(body.name)}`);
  const wanted = JSON.parse(withTexts(body).text);
  return Object.entries(wanted).every(([field, value]) => JSON.stringify(value) === JSON.stringify(there[field]));
}

/** Show what another user has changed, and take it over in the fields that were not edited. */
async function showMeanwhile(error) {
  const fresh = (await page(window.location.href)).getElementById("type");
  takeOver(form, fresh);
  showKind();
  showDifferences(form, error.problem.differs);
}

for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", async () => {
    const action = button.dataset.action;
    try {
      if (action === "delete") {
        const text = t("No task may have it; what is deleted is gone.");
        if (!(await confirmed(t("Delete {name}?", { name }), text, t("Delete")))) return;
        await api("DELETE", path, undefined, { headers: { "If-Match": form.dataset.etag } });
        tellThere(t("{name} is deleted.", { name }));
        go(LIST);
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
