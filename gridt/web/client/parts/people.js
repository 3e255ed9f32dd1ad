// People as rows: who they are, and when they did it last.
import { html } from "../library.js";
import { ago, progress, until } from "../rhythms.js";
import { t } from "../words.js";
import { facts } from "./facts.js";
import { disc, stateOf } from "./quad.js";

/** @typedef {import("../types").Leader} Person */

/**
 * How far a member is, and when they did it last.
 * @param {Person} person
 * @param {{interval: string}} [movement]
 */
export function lastWords(person, movement) {
  const last = latest(person);
  if (!movement || person.amount == null || person.paused_until) return [last];
  return [progress(movement, person.amount, person.amount + (person.still ?? 0)), last];
}

/** @param {Person} person */
function latest(person) {
  if (person.paused_until) return t("paused {until}", { until: until(person.paused_until) });
  const last = person.last_update;
  if (!last) return t("not yet");
  if (person.done) return t("did it {ago}", { ago: ago(last.time_stamp) });
  return t("last did it {ago}", { ago: ago(last.time_stamp) });
}

/**
 * @param {Person} person
 * @param {{interval: string}} movement
 * @param {string} [href]
 */
export function personRow(person, movement, href) {
  const said = person.last_update?.message;
  return html`<li key=${person.id} class="row">
    ${disc(person, stateOf(person))}
    <div class="row-words">
      ${href
        ? html`<a class="row-title" href=${href}>${person.username}</a>`
        : html`<span class="row-title">${person.username}</span>`}
      <div class="quiet">${facts(lastWords(person, movement))}</div>
      ${said && html`<p class="said">${said}</p>`}
    </div>
  </li>`;
}
