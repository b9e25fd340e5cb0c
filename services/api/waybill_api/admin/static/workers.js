// Workers come and go: the table is made anew from GET /workers. Operators drain and resume them.
import { api } from "./api.js";
import { confirmed } from "./confirm.js";
import { element } from "./dom.js";
import { t } from "./i18n.js";
import { every } from "./live.js";
import { written } from "./texts.js";
import { complain, tell } from "./toast.js";

const SECONDS = 3;
const ROUTES = 6;

const place = document.getElementById("workers");
const live = document.getElementById("live");
const mayAct = document.body.dataset.role !== "viewer";

/** Return what a worker says of its draining, and what it was asked but has not heard or does not know of. */
function draining({ state, drain }) {
  if (state === "draining") return element("span", { class: "tag tag-warn" }, t("draining"));
  if (state === "drained") return element("span", { class: "tag tag-warn" }, t("drained"));
  return drain && element("span", { class: "tag" }, t("asked to drain"));
}

function actions({ drain }) {
  const button = element("button", { type: "button", "data-action": drain ? "resume" : "drain" }, drain ? t("Resume") : t("Drain"));
  return element("td", { class: "row-actions" }, button);
}

function row(worker) {
  const { running, slots, routes } = worker;
  const codes = routes.slice(0, ROUTES).flatMap((route) => [element("code", {}, written(route)), " "]);
  const more = routes.length > ROUTES ? element("span", { class: "faint" }, `+${routes.length - ROUTES}`) : null;
  const state = worker.alive
    ? element("span", { class: "tag tag-good" }, t("alive"))
    : element("span", { class: "tag tag-bad" }, t("silent"));
  return [
    element("th", { scope: "row" }, element("code", { title: worker.worker_id }, worker.worker_id.slice(0, 8))),
    element("td", {}, state, " ", draining(worker)),
    element("td", { "data-label": t("Host") }, written(worker.host)),
    element("td", { class: "number", "data-label": t("Process") }, String(worker.pid)),
    element("td", { "data-label": t("Version") }, written(worker.version)),
    element(
      "td",
      {},
      element("meter", { class: "load", min: 0, max: slots || 1, value: running }, String(running)),
      " ",
      t("{running} of {slots}", { running, slots }),
    ),
    element("td", { class: "long whole" }, ...codes, more),
    element("td", { class: "number", "data-label": t("Last heartbeat") }, t("{seconds} s ago", { seconds: worker.last_seen_seconds })),
    mayAct && actions(worker),
  ].filter(Boolean);
}

async function refresh() {
  try {
    const workers = await api("GET", "/workers");
    live.textContent = "";
    const body = place.querySelector("tbody");
    if (!workers.length || !body) {
      // From none to some or back, the page is another one.
      if (Boolean(workers.length) !== Boolean(body)) window.location.reload();
      return;
    }
    const focused = document.activeElement?.closest("[data-action]")?.closest("tr");
    const known = new Map([...body.rows].map((one) => [one.dataset.worker, one]));
    body.replaceChildren(
      ...workers.map((worker) => {
        const line = known.get(worker.worker_id) ?? element("tr", { "data-row": true, "data-worker": worker.worker_id });
        line.replaceChildren(...row(worker));
        return line;
      }),
    );
    focused?.querySelector("[data-action]")?.focus();
  } catch (error) {
    live.textContent = error.message;
  }
}

place.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const { action } = button.dataset;
  const id = button.closest("tr").dataset.worker;
  const name = id.slice(0, 8);
  const text = t("It takes no more tasks, finishes what it runs, and stays until you resume it. Tasks that no other worker serves wait.");
  if (action === "drain" && !(await confirmed(t("Drain {name}?", { name }), text, t("Drain"), { danger: false }))) return;
  try {
    await api("POST", `/workers/${encodeURIComponent(id)}/${action}`);
    tell(action === "drain" ? t("{name} is asked to drain.", { name }) : t("{name} is asked to go on.", { name }));
  } catch (error) {
    complain(error);
  }
  await refresh();
});

every(SECONDS, refresh);
