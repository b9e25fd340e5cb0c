// The form of a task to be.
import { api } from "./api.js";
import { JsonText, numberIn, withTexts } from "./exact.js";
import { clearComplaints, showComplaints } from "./form.js";
import { t } from "./i18n.js";
import { hasFields, inputFields, inputIn, valueOf } from "./input_fields.js";
import { onceOnly } from "./once.js";
import { go } from "./root.js";
import { complain, tellThere } from "./toast.js";

const form = document.getElementById("task");
const fields = form?.elements;
const once = onceOnly();

/** Return what the form says, and what in it is no JSON. */
function said() {
  const errors = [];
  const body = { name: fields.name.value, type: fields.type.value };
  for (const name of ["processing_time", "timeout", "priority"]) {
    const text = fields[name].value.trim();
    if (text || fields[name].validity.badInput) body[name] = numberIn(text);
  }
  if (fields.external_key.value) body.external_key = fields.external_key.value;
  if (form.querySelector("[data-key]")) {
    const { text, errors: wrong } = inputIn(form);
    body.input = text;
    errors.push(...wrong);
  }
  for (const name of form.querySelector("[data-key]") ? ["metadata"] : ["input", "metadata"]) {
    const text = fields[name].value.trim();
    if (!text) continue;
    try {
      JSON.parse(text);
      body[name] = new JsonText(text);
    } catch (error) {
      errors.push({ pointer: `/${name}`, detail: `${t("This is no JSON.")} ${error.message}` });
    }
  }
  return { body, errors };
}

const place = form?.querySelector("[data-input-fields]");
const whole = form?.querySelector("[data-input-json]");
const unserved = form?.querySelector("[data-unserved]");
let asked = 0;

/** Return what the fields of the type before say, as far as the chosen type has fields of these names. */
function kept(schema) {
  const said = inputIn(form).text.text;
  fields.input.value = said;
  const properties = schema?.properties ?? {};
  return Object.fromEntries(Object.entries(valueOf(said)).filter(([key]) => key in properties));
}

/** Show the input of the chosen type: as fields if its schema has simple ones, or else as JSON. */
async function showInput() {
  const turn = (asked += 1);
  let type;
  try {
    type = await api("GET", `/task-types/${encodeURIComponent(fields.type.value)}`);
  } catch {
    return; // JSON will do, and the create tells what is wrong.
  }
  if (turn !== asked) return;
  const given = place.childElementCount ? kept(type.input_schema) : valueOf(fields.input.value);
  const asFields = hasFields(type.input_schema, given);
  place.replaceChildren(...(asFields ? inputFields(type.input_schema, type.secret, given) : []));
  place.hidden = !asFields;
  whole.hidden = asFields;
  unserved.hidden = type.served !== false;
}

if (form) {
  fields.type.addEventListener("change", showInput);
  showInput();
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearComplaints(form);
  const { body, errors } = said();
  if (errors.length) return showComplaints(form, { errors });
  const button = form.querySelector("button.primary");
  button.disabled = true;
  try {
    const sent = withTexts(body);
    const { task_id } = await api("POST", "/tasks", sent, { headers: once.headers(sent.text) });
    once.done();
    tellThere(t("{name} is created.", { name: body.name }));
    go(`/admin/tasks/task/${task_id}/`);
  } catch (error) {
    if (error.errors) showComplaints(form, error);
    else complain(error);
    button.disabled = false;
  }
});
