// Calls of the public API, as anybody could make them; the session's cookie and its token say who asks.
import { xsrfToken } from "./cookies.js";
import { JsonText } from "./exact.js";
import { told } from "./i18n.js";
import { at, go } from "./root.js";

/** What the API answered instead of doing it (RFC 9457): `status`, `code`, `errors` with pointers, `problem`. */
export class ApiProblem extends Error {
  constructor(status, problem) {
    super(told(problem));
    this.status = status;
    this.code = problem.code ?? "";
    this.errors = problem.errors ?? [];
    this.problem = problem;
  }
}

/** Call the API, with a value or a JsonText as the body, and return its JSON, or null for an empty answer. Raises ApiProblem; status 0: it cannot be reached. */
export async function api(method, path, body, { signal, headers } = {}) {
  const answer = await send(method, path, body, { signal, headers });
  return answer.status === 204 ? null : answer.json();
}

/** Call the API and return its Response, for headers such as Link. Raises as `api` does. */
export async function send(method, path, body, { signal, headers = {} } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (method !== "GET") sent["X-Xsrf-Token"] = xsrfToken();
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(at(path), { method, headers: sent, body: body instanceof JsonText ? body.text : JSON.stringify(body), signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiProblem(0, { detail: "The server cannot be reached." });
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({ detail: "The server gave no reason." }));
  if (answer.status === 401) logIn();
  throw new ApiProblem(answer.status, problem);
}

function logIn() {
  const { pathname, search } = window.location;
  go(`/admin/login/?next=${encodeURIComponent(pathname + search)}`);
}
