// Rows of a list: words, a line below them, and something to do.
import { html } from "../library.js";
import { t } from "../words.js";
import { icon } from "./icons.js";

/** @typedef {import("../library").Child} Child */

/**
 * @param {Child[]} content
 * @param {string} [label]
 */
export function rows(content, label) {
  return html`<ul class="rows" aria-label=${label}>${content}</ul>`;
}

/**
 * @param {{key: string | number, title: Child, href?: string, below?: Child, act?: Child}} row
 */
export function row({ key, title, href, below, act }) {
  return html`<li key=${key} class="row">
    <div class="row-words">
      ${href
        ? html`<a class="row-title" href=${href}>${title}</a>`
        : html`<span class="row-title">${title}</span>`}
      ${below && html`<div class="quiet">${below}</div>`}
    </div>
    ${act ?? (href && icon("onward"))}
  </li>`;
}

/**
 * A button for the next page of a list.
 * @param {(() => void) | null} more
 */
export function further(more) {
  if (!more) return null;
  return html`<p class="further">
    <button type="button" class="button" onClick=${more}>${t("Show more")}</button>
  </p>`;
}

/**
 * A row that is a button.
 * @param {string} key @param {string} words @param {() => void} onClick
 */
export function press(key, words, onClick) {
  return html`<li key=${key} class="row press">
    <button type="button" class="row-press" onClick=${onClick}>${words}</button>
  </li>`;
}
