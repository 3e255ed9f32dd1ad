// The quad: four discs, one for each leader. A ring with a tick: did it; dashed: not yet.
import { html } from "../library.js";
import { t, tn } from "../words.js";
import { icon } from "./icons.js";

/** @typedef {import("../types").Leader} Leader */

/** @param {Leader} leader */
export function stateOf(leader) {
  if (leader.paused_until) return "paused";
  return leader.done ? "done" : "open";
}

/** @param {Leader} leader */
function wordsOf(leader) {
  const values = { name: leader.username };
  const state = stateOf(leader);
  if (state === "done") return t("{name} did it", values);
  if (state === "paused") return t("{name} pauses", values);
  return t("{name}: not yet", values);
}

/**
 * One of four tints, by the hash that others use for a picture.
 * @param {{avatar: string, username: string}} person
 */
export function disc(person, state = "plain") {
  const tint = (parseInt(person.avatar.slice(-6), 16) || 0) % 4;
  const letters = new Intl.Segmenter().segment(person.username);
  const initial = [...letters][0]?.segment.toUpperCase() ?? "?"; // an emoji may be several characters
  return html`<span class=${`disc ${state} tint-${tint}`} aria-hidden="true">
    ${initial}${state === "done" && html`<span class="tick">${icon("check")}</span>`}
  </span>`;
}

/**
 * The leaders of a movement, each a link to what they did.
 * @param {number} movement
 * @param {Leader[]} leaders
 */
export function quad(movement, leaders) {
  if (!leaders.length) {
    return html`<p class="quad-none quiet">
      ${t("Nobody leads you yet. Leaders come when more people join.")}
    </p>`;
  }
  const done = leaders.filter((leader) => leader.done).length;
  const words = tn("{done} of {n} did it", "{done} of {n} did it", leaders.length, { done });
  return html`<div class="quad">
    <ul aria-label=${t("Your leaders")}>
      ${leaders.map(
        (leader) => html`<li key=${leader.id}>
          <a href=${`/app/m/${movement}/leader/${leader.id}`} title=${leader.username}>
            ${disc(leader, stateOf(leader))}<span class="unseen">${wordsOf(leader)}</span>
          </a>
        </li>`,
      )}
    </ul>
    <span class="quiet" aria-hidden="true">${words}</span>
  </div>`;
}
