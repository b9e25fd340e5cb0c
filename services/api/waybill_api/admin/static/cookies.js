// Cookies that pages read: the token that goes with the session, and what the reader has chosen.
import { root } from "./root.js";

export function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
}

/** Return the token that a request of this session sends with what it changes. */
export function xsrfToken() {
  const { port } = window.location;
  return cookie("__Secure-waybill-xsrf") || cookie("__Host-waybill-xsrf") || cookie(port ? `waybill-xsrf-${port}` : "waybill-xsrf");
}

/** Remember a choice for a year. */
export function remember(name, value) {
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=${value}; path=${root || "/"}; max-age=31536000; samesite=lax${secure}`;
}
