// Changes by another user since a form was loaded: shown, and taken over in the fields that were not edited.
import { pristine } from "./form.js";
import { t } from "./i18n.js";

/** The status of a change to a resource that has changed since the form was loaded. */
export const CHANGED_MEANWHILE = 412;

/** Return the fields of the API's `differs`, each on a line; `label` returns a field's title. */
export function told(differs, label = (field) => field) {
  const lines = Object.entries(differs).map(([field, value]) => {
    const isSecret = field === "password";
    return isSecret ? t("{field} is another one.", { field: label(field) }) : t("{field} is now: {value}", { field: label(field), value: shown(value) });
  });
  return [t("Somebody else has changed it meanwhile."), ...lines].join("\n");
}

/** Show the differences in the form's complaint; saving again overwrites them. */
export function showDifferences(form, differs) {
  const complaint = form.querySelector("[data-complaint]");
  complaint.textContent = `${told(differs, (field) => labelOf(form, field))}\n${t("Save once more to change it all the same.")}`;
  complaint.hidden = false;
}

/** Take over a fresh form's fields and version, but keep the fields that were edited here. */
export function takeOver(form, fresh) {
  const untouched = pristine(form);
  [...form.elements].forEach((field, index) => {
    const [now, was] = [fresh.elements[index], untouched.elements[index]];
    if (!field.name || now?.name !== field.name) return;
    const isTouched = field.value !== was.value || field.checked !== was.checked;
    const kept = { value: field.value, checked: field.checked };
    field.defaultValue = now.defaultValue;
    if ("checked" in field) field.defaultChecked = now.defaultChecked;
    const { value, checked } = isTouched ? kept : pristine(fresh).elements[index];
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
    else field.value = value;
  });
  form.dataset.etag = fresh.dataset.etag;
}

function labelOf(form, field) {
  const found = form.elements.namedItem(field);
  return (found instanceof HTMLElement && found.closest("label")?.firstChild?.textContent.trim()) || field;
}

function shown(value) {
  if (value === null || value === "") return t("empty");
  if (Array.isArray(value)) return value.join(" → ");
  if (typeof value === "object") return JSON.stringify(value);
  return typeof value === "boolean" ? t(value ? "yes" : "no") : String(value);
}
