// Accounts: made, changed and deleted by the API's own calls.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { clearComplaints, showComplaints } from "./form.js";
import { t } from "./i18n.js";
import { complain, tellThere } from "./toast.js";

const me = document.body.dataset.account;
const path = (name) => `/accounts/${encodeURIComponent(name)}`;

function done(text) {
  tellThere(text);
  window.location.reload();
}

const form = document.getElementById("account");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearComplaints(form);
  const { name, password, role } = form.elements;
  try {
    await api("POST", "/accounts", { name: name.value.trim(), password: password.value, role: role.value });
    done(t("{name} is created.", { name: name.value.trim() }));
  } catch (error) {
    if (error.errors) showComplaints(form, error);
    else complain(error);
  }
});

const table = document.getElementById("accounts");
table.addEventListener("change", async (event) => {
  const select = event.target.closest('[data-action="role"]');
  if (!select) return;
  const { name } = select.closest("tr").dataset;
  try {
    await api("PATCH", path(name), { role: select.value });
    done(t("{name} is saved.", { name }));
  } catch (error) {
    complain(error);
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
    await api("DELETE", path(name));
    done(t("{name} is deleted.", { name }));
  } catch (error) {
    complain(error);
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
    await api("PATCH", path(name), { password: asked.elements.password.value });
    done(t("{name} is saved.", { name }));
  } catch (error) {
    if (error.errors) showComplaints(asked, error);
    else complain(error);
  }
});
