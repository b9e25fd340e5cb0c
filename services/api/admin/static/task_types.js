// The list of task types: pause and resume without leaving it.
import { api } from "./api.js";
import { complain, tellThere } from "./toast.js";
import { t } from "./i18n.js";

document.getElementById("types")?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const name = button.closest("tr").dataset.name;
  const action = button.dataset.action;
  button.disabled = true;
  try {
    await api("POST", `/task-types/${encodeURIComponent(name)}/${action}`);
    tellThere(action === "pause" ? t("{name} is paused: its tasks wait.", { name }) : t("{name} goes on.", { name }));
    window.location.reload();
  } catch (error) {
    complain(error);
    button.disabled = false;
  }
});
