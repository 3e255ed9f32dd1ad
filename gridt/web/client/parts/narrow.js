// What narrows a list: a search that is sent when the typing rests, and pills of which one is chosen.
import { html, useEffect, useState } from "../library.js";
import { radios } from "./choice.js";
import { unread } from "./notice.js";
import { further } from "./rows.js";

/** the milliseconds without a key after which a search is sent */
const REST = 250;

/**
 * Return what a screen kept in the history of the browser, so that a way back finds it.
 * @template T
 * @param {string} name @param {T} otherwise @returns {T}
 */
export const remembered = (name, otherwise) => history.state?.[name] ?? otherwise;

/** @param {string} name @param {unknown} value */
export const remember = (name, value) => history.replaceState({ ...history.state, [name]: value }, "");

/** Return what is searched for, and a function that draws the field for it. */
export function useSearch(begin = "") {
  const start = remembered("search", begin);
  const [typed, setTyped] = useState(start);
  const [search, setSearch] = useState(start);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(typed.trim());
      if (typed !== start) remember("search", typed);
    }, REST);
    return () => clearTimeout(timer);
  }, [typed]);
  /** @param {Event} event */
  const type = ({ target }) => setTyped(/** @type {HTMLInputElement} */ (target).value);
  /** @param {string} label @param {Record<string, unknown>} [more] attributes of the input */
  const draw = (label, { hint, ...more } = {}) => html`<form
    role="search"
    onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}
  >
    <div class="field">
      <label for="search">${label}</label>
      ${hint && html`<p class="hint" id="search-hint">${hint}</p>`}
      <input
        id="search"
        type="search"
        autocomplete="off"
        autocapitalize="none"
        spellcheck=${false}
        value=${typed}
        onInput=${type}
        aria-describedby=${hint ? "search-hint" : undefined}
        ...${more}
      />
    </div>
  </form>`;
  return { search, draw };
}

/**
 * @param {string} name
 * @param {string} legend
 * @param {[string, string][]} options values and words
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function pills(name, legend, options, chosen, choose) {
  return html`<fieldset class="choice narrow">
    <legend class="unseen">${legend}</legend>
    ${radios(name, options, chosen, (value) => () => choose(value))}
  </fieldset>`;
}

/**
 * A list with what narrows it. After a refusal, what was read before is another list than the one asked for.
 * @template T
 * @param {import("../types").Pages<T>} pages
 * @param {(rows: T[]) => import("../library").Child} draw
 */
export function paged(pages, draw) {
  const { data, problem, more } = pages;
  const refused = problem !== null && problem.status !== 0;
  return html`<div class="found">
    ${data && !refused ? html`${draw(data)} ${further(more)}` : unread(pages)}
  </div>`;
}
