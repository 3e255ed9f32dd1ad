// The name, its sign, and what it is about: above forms of visitors.
import { html } from "../library.js";
import { t } from "../words.js";

const ICON = new URL("../icon.svg", import.meta.url).pathname;

export function brand() {
  return html`<header class="brand">
    <img src=${ICON} alt="" width="72" height="72" />
    <h1 tabindex="-1">gridt</h1>
    <p class="quiet">${t("Do it together, four at a time.")}</p>
  </header>`;
}
