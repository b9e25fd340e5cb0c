// The theme is that of the pages of /admin/, chosen there or else the system's.
const theme = cookies().get("waybill-theme");
const dark = theme === "dark" || (theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.classList.toggle("dark-mode", dark);

// Everything comes from this server: no validator, no remote fonts, no inline script.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: false,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  plugins: [plainLinks],
  requestInterceptor: withToken,
});

// Who is logged in to the pages of /admin/ is the same person here; what changes something carries the session's token.
function withToken(request) {
  const name = window.location.port ? `waybill-xsrf-${window.location.port}` : "waybill-xsrf";
  const names = ["__Secure-waybill-xsrf", "__Host-waybill-xsrf", name];
  const token = names.map((one) => cookies().get(one)).find(Boolean);
  if (token) request.headers["X-Xsrf-Token"] = token;
  return request;
}

function cookies() {
  return new Map(document.cookie.split("; ").map((one) => one.split("=", 2)));
}

// Swagger UI takes each "_" in a link for a blank that old versions have escaped, and says so on the console as an error.
// The calls' names have "_" of their own, so links are read here: #/tag/call opens the tag and the call in it.
function plainLinks() {
  const parseDeepLinkHash = (original, { layoutActions, layoutSelectors }) => (hash) => {
    const names = hash.replace(/^#!?\/?/, "").split("/");
    if (!names[0]) return;
    const shown = layoutSelectors.isShownKeyFromUrlHashArray(names);
    layoutActions.show(layoutSelectors.isShownKeyFromUrlHashArray([names[0]]), true);
    layoutActions.show(shown, true);
    layoutActions.scrollTo(shown);
  };
  return { statePlugins: { layout: { wrapActions: { parseDeepLinkHash } } } };
}
