// The form of a task to be.
import { api } from "./api.js";
import { JsonText, numberIn, withTexts } from "./exact.js";
import { clearComplaints, showComplaints } from "./form.js";
import { t } from "./i18n.js";
import { onceOnly } from "./once.js";
import { complain, tellThere } from "./toast.js";

const form = document.getElementById("task");
const fields = form?.elements;
const once = onceOnly();

/** Return what the form says, and what in it is no JSON. */
function said() {
  const errors = [];
  const body = { name: fields.name.value, type: fields.type.value };
  for (const name of ["processing_time", "priority"]) {
    const text = fields[name].value.trim();
    if (text || fields[name].validity.badInput) body[name] = numberIn(text);
  }
  if (fields.external_key.value) body.external_key = fields.external_key.value;
  for (const name of ["input", "metadata"]) {
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
    window.location.assign(`/admin/tasks/task/${task_id}/`);
  } catch (error) {
    if (error.errors) showComplaints(form, error);
    else complain(error);
    button.disabled = false;
  }
});
