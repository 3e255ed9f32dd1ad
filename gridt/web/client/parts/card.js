// A movement on Today: open with its leaders, done or paused on one line.
import { html } from "../library.js";
import { progress } from "../rhythms.js";
import { pressed, queue } from "../state.js";
import { didIt, undo, undoRow } from "../updates.js";
import { t, tn, until } from "../words.js";
import { facts } from "./facts.js";
import { icon } from "./icons.js";
import { quad } from "./quad.js";

/** @typedef {import("../types").Movement} Movement */

/** @param {Movement} movement */
export function isPaused({ standing }) {
  return Boolean(standing.paused_until);
}

/** What the member did in this turn that waits to be sent. @param {Movement} movement */
function waiting({ id, standing }) {
  const start = Date.parse(standing.turn.starts_at);
  return queue.value.find((row) => {
    return row.kind === "did" && row.movement === id && !row.problem && Date.parse(row.at) >= start;
  });
}

/** Whether an update is undone, but not yet at the service. @param {number | undefined} update */
export function isTaken(update) {
  return queue.value.some((row) => row.kind === "undo" && row.update !== undefined && row.update === update);
}

/** @param {Movement} movement */
function isPressed(movement) {
  return pressed.value.has(movement.id) || Boolean(waiting(movement));
}

/** @param {Movement} movement */
export function isDone(movement) {
  const { goal, last_update, standing } = movement;
  if (standing.turn.done && !movement.counts_every_update && isTaken(last_update?.id)) return false;
  const last = goal ? standing.turn.still === 1 : true;
  return standing.turn.done || (isPressed(movement) && last);
}

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
  if (!turn.done) words.push(until(turn.ends_at));
  if (streaks && streak > 0) words.push(tn("{n} in a row", "{n} in a row", streak));
  return facts(words);
}

/** @param {Movement} movement */
export function didItButton(movement) {
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
