// Forms: what the API complains of stands at its field.
import { element } from "./dom.js";
import { complained } from "./i18n.js";

/** Take all complaints away. */
export function clearComplaints(form) {
  form.querySelector("[data-complaint]").hidden = true;
  for (const note of form.querySelectorAll(".wrong")) note.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

/** Return a form as it came, whatever was typed into it since. */
export function pristine(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return copy;
}

/** Show each complaint of an ApiProblem at its field, and what has no field of its own in the form's complaint. */
export function showComplaints(form, problem) {
  const others = [];
  for (const { pointer = "", detail } of problem.errors) {
    const path = pointer.split("/").slice(1);
    const field = form.elements.namedItem(path.slice(0, 2).join("/")) ?? form.elements.namedItem(path[0] ?? "");
    if (!(field instanceof HTMLElement) || !field.closest("label") || field.closest("[hidden]")) {
      others.push(complained(detail));
      continue;
    }
    const id = `wrong-${field.name}`;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", id);
    field.closest("label").append(element("small", { class: "wrong", id }, complained(detail)));
  }
  form.querySelector("[aria-invalid]")?.focus();
  if (!problem.errors.length) others.push(problem.message);
  const complaint = form.querySelector("[data-complaint]");
  complaint.textContent = others.join("\n");
  complaint.hidden = !others.length;
}
