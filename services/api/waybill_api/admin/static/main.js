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

// On a narrow screen the navigation scrolls sideways.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

const logout = document.getElementById("logout");
logout?.addEventListener("submit", () => {
  logout.elements._xsrf.value = xsrfToken();
});

// The page's own modules stand before this one and listen by now; a press before would be lost (see components.css).
document.documentElement.setAttribute("data-ready", "");
