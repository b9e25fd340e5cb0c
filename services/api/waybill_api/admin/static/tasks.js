// The list of tasks: rows change in place, and new ones wait until they are asked for.
import { page } from "./pages.js";
import { keepSelection } from "./selection.js";
import { follow } from "./stream.js";
import { suggest } from "./suggestions.js";
import { t } from "./i18n.js";

// So many ids still are a search that is short enough.
const AT_ONCE = 12;
const NEWS_EVERY = 2_000;

const list = document.getElementById("tasks");
const body = list?.tBodies?.[0];
const fresh = document.getElementById("fresh");
const pause = document.getElementById("pause");
const selection = body && keepSelection(list);

let lookedAt = 0;
let found = null;

const rows = () => [...(body?.rows ?? [])];
const idOf = (row) => row.dataset.id;

/** Show the rows with these ids as they are on another page; return the ids that are not there. */
function show(there, ids) {
  const known = new Map([...there.querySelectorAll("tr[data-id]")].map((row) => [idOf(row), row]));
  for (const row of rows().filter((one) => ids.includes(idOf(one)))) {
    const now = known.get(idOf(row));
    if (now && Number(now.dataset.version) > Number(row.dataset.version)) replace(row, now);
  }
  return ids.filter((id) => !known.has(id));
}

/** Show the rows with these ids as they are now. */
async function refresh(ids) {
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const some = ids.slice(start, start + AT_ONCE);
    const there = await page(`/admin/tasks/task/?q=${encodeURIComponent(`id:${some.join(",")}`)}`);
    const gone = show(there, some);
    for (const row of rows().filter((one) => gone.includes(idOf(one)))) row.classList.add("gone");
  }
}

/** Give a row the cells that another page has, which keeps its own: its rows may yet be shown themselves. */
function replace(row, now) {
  const focused = row.contains(document.activeElement) && document.activeElement;
  const isPicked = row.querySelector("[data-pick]")?.checked;
  row.replaceChildren(...now.cloneNode(true).children);
  row.dataset.version = now.dataset.version;
  const pick = row.querySelector("[data-pick]");
  if (pick) pick.checked = isPicked;
  if (focused) row.querySelector(focused.matches("[data-pick]") ? "[data-pick]" : "[data-open]")?.focus({ preventScroll: true });
}

/** Look whether the list would begin with other tasks by now, and say how many. */
async function lookForNews() {
  lookedAt = Date.now();
  found = await page(window.location.href);
  const numbers = [...found.querySelectorAll(".chip-count")];
  document.querySelectorAll(".chip-count").forEach((one, index) => (one.textContent = numbers[index]?.textContent ?? ""));
  const shown = rows().map(idOf);
  const last = "more" in list.dataset ? shown.at(-1) : "";
  const news = [...found.querySelectorAll("tr[data-id]")].map(idOf).filter((id) => !shown.includes(id) && id > last);
  if (news.length && !shown.length) window.location.reload();
  fresh.textContent = t("{count} new", { count: news.length });
  fresh.hidden = !news.length;
}

fresh?.addEventListener("click", () => {
  fresh.hidden = true;
  const now = [...found.querySelectorAll("tr[data-id]")];
  for (const row of now) row.querySelector("[data-pick]")?.toggleAttribute("checked", selection?.has(idOf(row)));
  body.replaceChildren(...now);
  const isMore = found.querySelector("#tasks[data-more]") !== null;
  list.toggleAttribute("data-more", isMore);
  selection?.refresh();
  catchUp();
});

/** Show all rows as they are now: what came of them after they were found was news of rows that nobody saw. */
function catchUp() {
  refresh(rows().map(idOf)).catch(() => setTimeout(catchUp, NEWS_EVERY));
}

async function take(events, isAll) {
  const changed = new Set(events.map((event) => event.task_id));
  let ids = rows().map(idOf).filter((id) => isAll || changed.has(id));
  const isNews = isAll || list.dataset.q || events.some((event) => event.kind === "create");
  if ("first" in list.dataset && isNews) {
    const wait = lookedAt + NEWS_EVERY - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await lookForNews();
    ids = show(found, ids);
  }
  await refresh(ids);
}

if (list) {
  const hold = follow("/events", take);
  pause.addEventListener("click", () => {
    const isPaused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? t("Go on") : t("Pause");
    hold(isPaused);
  });
} else pause.hidden = true;

suggest(document.querySelector("[data-search]"), document.getElementById("suggestions"));
