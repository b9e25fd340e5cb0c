// The path below which this server shows itself: every script lies two folders below it.
export const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Return the address of a path of this server; one that has the root already stays as it is. */
export function at(path) {
  return path.startsWith("/") && !`${path}/`.startsWith(`${root}/`) ? root + path : path;
}

/** Go to a path of this server. */
export function go(path) {
  window.location.assign(at(path));
}
