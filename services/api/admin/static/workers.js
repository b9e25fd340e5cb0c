// Workers come and go: the table is made anew from GET /workers.
import { api } from "./api.js";
import { element } from "./dom.js";
import { t } from "./i18n.js";
import { every } from "./live.js";

const SECONDS = 3;
const ROUTES = 6;

const place = document.getElementById("workers");
const live = document.getElementById("live");

function row(worker) {
  const { running, slots, routes } = worker;
  const codes = routes.slice(0, ROUTES).flatMap((route) => [element("code", {}, route), " "]);
  const more = routes.length > ROUTES ? element("span", { class: "faint" }, `+${routes.length - ROUTES}`) : null;
  const state = worker.alive
    ? element("span", { class: "tag tag-good" }, t("alive"))
    : element("span", { class: "tag tag-bad" }, t("silent"));
  return [
    element("th", { scope: "row" }, element("code", { title: worker.worker_id }, worker.worker_id.slice(0, 8))),
    element("td", {}, state),
    element("td", {}, worker.host),
    element("td", { class: "number" }, String(worker.pid)),
    element("td", {}, worker.version),
    element(
      "td",
      {},
      element("meter", { class: "load", min: 0, max: slots || 1, value: running }, String(running)),
      " ",
      t("{running} of {slots}", { running, slots }),
    ),
    element("td", {}, ...codes, more),
    element("td", { class: "number" }, t("{seconds} s ago", { seconds: worker.last_seen_seconds })),
  ];
}

every(SECONDS, async () => {
  try {
    const workers = await api("GET", "/workers");
    live.textContent = "";
    const body = place.querySelector("tbody");
    if (!workers.length || !body) {
      // From none to some or back, the page is another one.
      if (Boolean(workers.length) !== Boolean(body)) window.location.reload();
      return;
    }
    const known = new Map([...body.rows].map((one) => [one.dataset.worker, one]));
    body.replaceChildren(
      ...workers.map((worker) => {
        const line = known.get(worker.worker_id) ?? element("tr", { "data-row": true, "data-worker": worker.worker_id });
        line.replaceChildren(...row(worker));
        return line;
      }),
    );
  } catch (error) {
    live.textContent = error.message;
  }
});
