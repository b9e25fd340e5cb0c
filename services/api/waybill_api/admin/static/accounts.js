// Accounts: made, changed and deleted by the API's own calls.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { clearComplaints, showComplaints } from "./form.js";
import { t } from "./i18n.js";
import { CHANGED_MEANWHILE, told } from "./meanwhile.js";
import { isUnanswered } from "./once.js";
import { complain, tellThere } from "./toast.js";

const me = document.body.dataset.account;
const path = (name) => `/accounts/${encodeURIComponent(name)}`;

const rowOf = (name) => [...table.rows].find((row) => row.dataset.name === name);
const ifUnchanged = (name) => ({ headers: { "If-Match": rowOf(name).dataset.etag } });

/** Return the text for an error; if another user changed the account first, update its row. */
function complaintOf(error, name) {
  if (error.status !== CHANGED_MEANWHILE) return error;
  const { differs, etag } = error.problem;
  const row = rowOf(name);
  row.dataset.etag = etag;
  if (differs.role) {
    for (const option of row.querySelectorAll('[data-action="role"] option')) option.defaultSelected = option.value === differs.role;
  }
  const labels = { role: t("Role"), password: t("Password") };
  return told(differs.role ? { ...differs, role: t(differs.role) } : differs, (field) => labels[field] ?? field);
}

function done(text) {
  tellThere(text);
  window.location.reload();
}

const table = document.getElementById("accounts");
const form = document.getElementById("account");
let isLost = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearComplaints(form);
  const { name, password, role } = form.elements;
  try {
    await api("POST", "/accounts", { name: name.value.trim(), password: password.value, role: role.value });
    done(t("{name} is created.", { name: name.value.trim() }));
  } catch (error) {
    const isThere = isLost && error.code === "account_exists";
    isLost ||= isUnanswered(error);
    // Its password cannot be compared, so the user has to check.
    if (isThere) complain(t("{name} exists already; it may have been made by your first try.", { name: name.value.trim() }));
    else if (error.errors) showComplaints(form, error);
    else complain(error);
  }
});

table.addEventListener("change", async (event) => {
  const select = event.target.closest('[data-action="role"]');
  if (!select) return;
  const { name } = select.closest("tr").dataset;
  try {
    await api("PATCH", path(name), { role: select.value }, ifUnchanged(name));
    done(t("{name} is saved.", { name }));
  } catch (error) {
    complain(complaintOf(error, name));
    select.value = select.querySelector("[selected]").value;
  }
});

table.addEventListener("click", async (event) => {
  const action = event.target.closest("button")?.dataset.action;
  if (!action) return;
  const { name } = event.target.closest("tr").dataset;
  if (action === "password") {
    ask(name);
    return;
  }
  const text = name === me ? t("You are logged out with it.") : t("Whoever is logged in with it is logged out.");
  if (!(await confirmed(t("Delete {name}?", { name }), text, t("Delete")))) return;
  try {
    await api("DELETE", path(name), undefined, ifUnchanged(name));
    done(t("{name} is deleted.", { name }));
  } catch (error) {
    complain(complaintOf(error, name));
  }
});

const dialog = document.getElementById("password");
const asked = dialog.querySelector("form");

function ask(name) {
  clearComplaints(asked);
  asked.reset();
  asked.dataset.name = name;
  document.getElementById("password-title").textContent = t("New password for {name}", { name });
  dialog.showModal();
}

asked.addEventListener("submit", async (event) => {
  if (event.submitter?.value !== "yes") return;
  event.preventDefault();
  clearComplaints(asked);
  const { name } = asked.dataset;
  try {
    await api("PATCH", path(name), { password: asked.elements.password.value }, ifUnchanged(name));
    done(t("{name} is saved.", { name }));
  } catch (error) {
    if (error.status === CHANGED_MEANWHILE) {
      showComplaints(asked, { errors: [], message: `${complaintOf(error, name)}\n${t("Save once more to change it all the same.")}` });
    } else if (error.errors) showComplaints(asked, error);
    else complain(error);
  }
});
