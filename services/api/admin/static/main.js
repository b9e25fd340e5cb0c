// What every page does.
import { xsrfToken } from "./cookies.js";
import { watchKeys } from "./keyboard.js";
import { watchChoices } from "./theme.js";
import { keepTimes } from "./time.js";
import { showWaiting } from "./toast.js";

watchChoices();
watchKeys();
keepTimes();
showWaiting();

const logout = document.getElementById("logout");
logout?.addEventListener("submit", () => {
  logout.elements._xsrf.value = xsrfToken();
});
