// Parts of pages, as the server makes them: so a part that is shown anew looks as it did at first.
import { send } from "./api.js";
import { refreshTimes } from "./time.js";

/** Return a page of this server as a document of which parts can be taken. Raises ApiProblem. */
export async function page(path) {
  const answer = await send("GET", path, undefined, { headers: { Accept: "text/html" } });
  const found = new DOMParser().parseFromString(await answer.text(), "text/html");
  refreshTimes(found);
  return found;
}
