// The frame of a screen: its heading, its content, the tabs, and the bar about what was just done.
// And what stands there when a screen does not come.
import { h, html, useEffect } from "../library.js";
import { bar, me } from "../state.js";
import { t } from "../words.js";
import { icon } from "./icons.js";
import { unread } from "./notice.js";

/** @typedef {import("../library").Child} Child */

/** the milliseconds after a reload in which no other one follows by itself */
const PAUSE = 60_000;

/**
 * @param {{title?: string, back?: string, aside?: Child, bare?: boolean, tab?: string}} head
 * @param {...Child} content
 */
export function frame({ title, back, aside, bare, tab }, ...content) {
  const inside = me.value !== null && !bare;
  const way = back && html`<a class="back" href=${back} aria-label=${t("Back")}>${icon("back")}</a>`;
  return html`
    <a class="skip" href="#content" onClick=${skip}>${t("Skip to the content")}</a>
    ${inside && tabs(tab)}
    <main id="content" tabindex="-1" class=${inside ? "inside" : "outside"}>
      ${title && html`<header class="top">${way}${h(Heading, { title })}${aside}</header>`}
      ${content}
    </main>
    ${status()}
  `;
}

/** The heading of a screen, which is the title of the page as well. @param {{title: string}} props */
export function Heading({ title }) {
  useEffect(() => void (document.title = title === "gridt" ? title : `${title} · gridt`), [title]);
  return html`<h1 tabindex="-1">${title}</h1>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** @param {string} [tab] the tab that the screen belongs to, where its address does not say so */
function tabs(tab) {
  const items = [
    ["/app", "today", t("Today")],
    ["/app/find", "find", t("Find")],
    ["/app/you", "you", t("You")],
  ];
  const here = location.pathname;
  const of = tab ? tab : /^\/app\/(you|admin|groups|g)\b/.test(here) ? "you" : /find|start/.test(here) ? "find" : "today";
  return html`<nav class="tabs" aria-label=${t("Screens")}>
    <ul>
      ${items.map(
        ([path, name, words]) => html`<li key=${name}>
          <a href=${path} aria-current=${name === of ? "page" : undefined}>
            ${icon(/** @type {string} */ (name))}<span>${words}</span>
          </a>
        </li>`,
      )}
    </ul>
  </nav>`;
}

function status() {
  const shown = bar.value;
  const end = () => (bar.value = null);
  const more = shown?.more && html`<a href=${shown.more}>${t("Say more")}</a>`;
  const undo = () => (end(), shown?.undo?.());
  return html`<div class="bar" role="status">
    ${shown &&
    html`<p>
      <span>${shown.text}</span>
      ${shown.undo && html`<button type="button" onClick=${undo}>${t("Undo")}</button>`} ${more}
      <button type="button" class="end" onClick=${end} aria-label=${t("Close")}>×</button>
    </p>`}
  </div>`;
}

/**
 * Scroll to where a screen was left, as soon as its list is that long again.
 * @param {number} place
 */
export function scrollBack(place) {
  if (!place) return scrollTo(0, 0);
  const path = location.href;
  const end = Date.now() + 3000;
  let isOver = false;
  const stop = () => void (isOver = true);
  for (const act of ["wheel", "touchstart", "keydown"]) addEventListener(act, stop, { once: true });
  const step = () => {
    if (isOver || location.href !== path) return;
    scrollTo(0, place);
    if (scrollY + 1 < place && Date.now() < end) requestAnimationFrame(step);
  };
  step();
}

/** A page of another version brings its own screens. Where two versions answer, do not load again and again. */
export function reloadOnce() {
  const last = Number(sessionStorage.getItem("reloaded"));
  if (!navigator.onLine || Date.now() - last < PAUSE) return false;
  sessionStorage.setItem("reloaded", String(Date.now()));
  location.reload();
  return true;
}

/** In the place of a screen that does not come. */
export function Missing() {
  const message = t("A new version of the app is on its way. Please try again in a minute.");
  const none = { status: navigator.onLine ? 1 : 0, type: "", message };
  return frame({ title: t("Not now") }, unread({ problem: none, again: () => location.reload() }));
}
