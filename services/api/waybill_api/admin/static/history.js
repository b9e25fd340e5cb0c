// The history of a task beyond what its page shows: loaded part by part, and kept where the page is shown anew.
import { page } from "./pages.js";

/** Keep the history within `place`; `more` loads another part, and `restore` shows again what was loaded. */
export function keepHistory(place) {
  let later = [];
  /** Where the part after those that were loaded is: null where there is none, undefined where none was loaded. */
  let following;

  const link = () => place.querySelector("[data-more]");
  const body = () => place.querySelector("#history tbody");

  function show() {
    body().append(...later);
    if (following) link().href = following;
    else link()?.remove();
  }

  async function more() {
    const found = await page(link().href);
    later.push(...found.querySelectorAll("#history tbody tr"));
    following = found.querySelector("[data-more]")?.getAttribute("href") ?? null;
    show();
  }

  /** Show what was loaded once more, and go on where all had been, since there may be more by now. */
  async function restore() {
    if (following === undefined || !link()) return;
    if (following === null) {
      const last = `${later.at(-1)?.dataset.event ?? 0}`;
      const found = await page(`${new URL(link().href).pathname}?after=${last}`);
      later.push(...found.querySelectorAll("#history tbody tr"));
      following = found.querySelector("[data-more]")?.getAttribute("href") ?? null;
    }
    show();
  }

  return { more, restore };
}
