// People as rows: who they are, and when they did it last.
import { html } from "../library.js";
import { ago } from "../rhythms.js";
import { t, until } from "../words.js";
import { disc, stateOf } from "./quad.js";

/** @param {import("../types").Leader} person */
export function lastWords(person) {
  if (person.paused_until) return t("paused {until}", { until: until(person.paused_until) });
  const last = person.last_update;
  if (!last) return t("not yet");
  if (person.done) return t("did it {ago}", { ago: ago(last.time_stamp) });
  return t("last did it {ago}", { ago: ago(last.time_stamp) });
}

/**
 * @param {import("../types").Leader} person
 * @param {string} [href]
 */
export function personRow(person, href) {
  const said = person.last_update?.message;
  return html`<li key=${person.id} class="row">
    ${disc(person, stateOf(person))}
    <div class="row-words">
      ${href
        ? html`<a class="row-title" href=${href}>${person.username}</a>`
        : html`<span class="row-title">${person.username}</span>`}
      <div class="quiet">${lastWords(person)}</div>
      ${said && html`<p class="said">${said}</p>`}
    </div>
  </li>`;
}
