// Older lines of the audit log, by GET /audit.
import { api } from "./api.js";
import { element } from "./dom.js";
import { t } from "./i18n.js";
import { json, written } from "./texts.js";
import { refreshTimes } from "./time.js";
import { complain } from "./toast.js";

const AT_ONCE = 100;

const more = document.getElementById("more");
const body = document.querySelector("#audit tbody");

function row(deed) {
  const hasDetails = Object.keys(deed.details).length > 0;
  const details = element("details", {}, element("summary", {}, t("Details")), element("pre", {}, json(deed.details)));
  return element(
    "tr",
    { "data-row": true, "data-id": deed.audit_id },
    element("td", {}, element("time", { datetime: deed.at }, deed.at)),
    element("th", { scope: "row" }, written(deed.who)),
    element("td", {}, element("code", {}, deed.action)),
    element("td", { class: "long whole" }, element("code", {}, written(deed.target)), hasDetails && details),
    element("td", {}, element("span", { class: `tag ${deed.outcome === "done" ? "tag-good" : "tag-bad"}` }, t(deed.outcome))),
    element("td", {}, deed.address),
  );
}

more?.addEventListener("click", async () => {
  more.disabled = true;
  try {
    const deeds = await api("GET", `/audit?limit=${AT_ONCE}&before=${body.lastElementChild.dataset.id}`);
    body.append(...deeds.map(row));
    refreshTimes(body);
    if (deeds.length < AT_ONCE) more.remove();
  } catch (error) {
    complain(error);
  }
  more.disabled = false;
});
