// A movement on Today: open with its leaders, done or paused on one line.
import { html } from "../library.js";
import { progress, until } from "../rhythms.js";
import { pressed } from "../state.js";
import { didIt, undo, undoRow } from "../updates.js";
import { t, tn } from "../words.js";
import { countsToday, facts, isOver, isPressed, waiting } from "./facts.js";
import { icon } from "./icons.js";
import { quad } from "./quad.js";

/** @typedef {import("../types").Movement} Movement */

/**
 * The line below the name of an open movement.
 * @param {Movement} movement
 * @param {boolean} streaks whether the member wants to see streaks
 */
export function below(movement, streaks) {
  const { turn, streak } = movement.standing;
  /** @type {string[]} */
  const words = [];
  if (movement.goal && turn.amount != null) {
    const more = isPressed(movement) && !turn.done ? 1 : 0;
    words.push(progress(movement, turn.amount + more, movement.goal.at_least));
  }
  if (isOver(movement)) words.push(t("a new turn has begun"));
  else if (!turn.done) words.push(until(turn.ends_at));
  if (streaks && streak > 0) words.push(tn("{n} in a row", "{n} in a row", streak));
  return facts(words);
}

/** @param {Movement} movement */
export function didItButton(movement) {
  if (countsToday(movement)) return html`<p class="counted">${icon("check")} ${t("Today counts already.")}</p>`;
  const busy = pressed.value.has(movement.id) || (Boolean(waiting(movement)) && !movement.counts_every_update);
  const press = () => busy || void didIt(movement);
  return html`<button
    type="button"
    class="did"
    aria-label=${t("Did it: {name}", { name: movement.name })}
    aria-disabled=${busy ? "true" : undefined}
    onClick=${press}
  >${icon("check")} ${t("Did it")}</button>`;
}

/**
 * @param {Movement} movement
 * @param {boolean} streaks
 */
export function card(movement, streaks) {
  return html`<li key=${movement.id} class="card">
    <div class="card-head">
      <div class="card-words">
        <h3><a href=${`/app/m/${movement.id}`}>${movement.name}</a></h3>
        <p class="quiet">${below(movement, streaks)}</p>
      </div>
      ${didItButton(movement)}
    </div>
    ${quad(movement.id, movement.leaders)}
  </li>`;
}

/**
 * @param {Movement} movement
 * @param {boolean} streaks
 */
export function doneCard(movement, streaks) {
  const update = movement.last_update;
  const row = waiting(movement);
  const take = () => void (row ? undoRow(row) : update && undo(movement.id, update.id));
  const words = below(movement, streaks);
  return html`<li key=${movement.id} class="card line">
    <div class="line-words">
      <h3><a href=${`/app/m/${movement.id}`}>${movement.name}</a></h3>
      <span class="quiet streak">${words}</span>
    </div>
    <span class="ticked">${icon("check", t("Done"))}</span>
    ${(movement.standing.turn.done || row) &&
    html`<button
      type="button"
      class="small"
      aria-label=${t("Undo: {name}", { name: movement.name })}
      onClick=${take}
    >${icon("undo")}</button>`}
  </li>`;
}

/** @param {Movement} movement @param {() => void} end */
export function pausedCard(movement, end) {
  const { name, standing } = movement;
  return html`<li key=${movement.id} class="card line paused">
    <div class="line-words">
      <h3><a href=${`/app/m/${movement.id}`}>${name}</a></h3>
      <span class="quiet streak">${t("paused {until}", { until: until(standing.paused_until ?? "") })}</span>
    </div>
    <button
      type="button"
      class="small words"
      aria-label=${t("End pause: {name}", { name })}
      onClick=${end}
    >${t("End pause")}</button>
  </li>`;
}
