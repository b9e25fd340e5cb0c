// Theme and language: kept in cookies, so that the server sends the next page right from its first byte.
import { remember } from "./cookies.js";

export function watchChoices() {
  const theme = document.getElementById("theme");
  theme?.addEventListener("change", () => {
    document.documentElement.dataset.theme = theme.value;
    remember("waybill-theme", theme.value);
  });
  const language = document.getElementById("language");
  language?.addEventListener("change", () => {
    remember("waybill-language", language.value);
    window.location.reload();
  });
}
