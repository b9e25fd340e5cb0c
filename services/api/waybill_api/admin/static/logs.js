// The logs of a task's runs, which grow while they go on.
import { api } from "./api.js";

/** Show what the runs of a task have printed by now; a run that the page does not know yet is left to `refresh`. */
export async function growLogs(place, path, refresh) {
  const logs = await api("GET", `${path}/logs`);
  for (const { run, text, cut } of logs) {
    const shown = place.querySelector(`[data-log="${run}"]`);
    if (!shown) {
      await refresh();
      return;
    }
    if (shown.textContent === text) continue;
    const frame = shown.parentElement;
    const isAtEnd = frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 8;
    shown.textContent = text;
    frame.parentElement.querySelector("[data-cut]").hidden = !cut;
    if (isAtEnd) frame.scrollTop = frame.scrollHeight;
  }
}
