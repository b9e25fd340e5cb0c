// Groups of failures, kept fresh; a whole group is retried at once.
import { changeMany } from "./bulk.js";
import { every } from "./live.js";
import { page } from "./pages.js";
import { complain } from "./toast.js";

const SECONDS = 3;

const groups = document.getElementById("groups");

const rows = (place) => [...place.querySelectorAll("tr[data-id]")];
const row = (id) => rows(groups).find((one) => one.dataset.id === id);
const state = (place) => rows(place).map((one) => `${one.dataset.id}.${one.dataset.version}`).join();

/** Show the groups as they are now; what somebody is at stays where it is, as far as it is still there. */
async function refresh() {
  const now = await page(window.location.href).catch(() => null);
  const found = now?.getElementById("groups");
  if (!found || state(found) === state(groups)) return;
  const focused = groups.contains(document.activeElement) ? document.activeElement : null;
  const id = focused?.closest("tr")?.dataset.id;
  const kind = focused?.matches("[data-retry]") ? "[data-retry]" : "[data-open]";
  const here = groups.querySelector(".here")?.dataset.id;
  groups.replaceChildren(...found.children);
  row(here)?.classList.add("here");
  row(id)?.querySelector(kind)?.focus({ preventScroll: true });
}

groups.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-retry]");
  if (!button || button.getAttribute("aria-disabled")) return;
  const { id } = button.closest("tr").dataset;
  // Disabled, it would lose the focus to which the dialog returns.
  button.setAttribute("aria-disabled", "true");
  try {
    await changeMany("retry", { q: `failure:${id}` });
  } catch (error) {
    complain(error);
  }
  button.removeAttribute("aria-disabled");
});

every(SECONDS, refresh);
