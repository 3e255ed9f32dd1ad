// What is known of a movement's turn, and a line of such facts.
import { html, useEffect, useState } from "../library.js";
import { clock } from "../service.js";
import { answers, pressed, queue, today } from "../state.js";
import { dayFormat } from "../words.js";

/** @typedef {import("../types").Movement} Movement */

/**
 * Facts on a line, which breaks between facts and not within one.
 * @param {(string | false | null | undefined)[]} words
 */
export function facts(words) {
  const shown = words.filter(Boolean);
  return shown.map(
    (it, at) => html`<span key=${at} class="fact">${it}${at < shown.length - 1 ? " · " : ""}</span> `,
  );
}

/** @param {Movement} movement */
export function isPaused({ standing }) {
  return Boolean(standing.paused_until);
}

/** What the member did in this turn that waits to be sent. @param {Movement} movement */
export function waiting({ id, standing }) {
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
export function isPressed(movement) {
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
 * Whether the goal has got today's update already. Another one today would not count.
 * @param {Movement} movement
 */
export function countsToday({ goal, counts_every_update, last_update }) {
  if (!goal || counts_every_update || !last_update) return false;
  const [hours = 0, minutes = 0] = (today.value?.identity.day_starts_at ?? "").split(":").map(Number);
  const day = (/** @type {number} */ at) => dayFormat().format(at - hours * 36e5 - minutes * 6e4);
  return day(Date.parse(last_update.time_stamp)) === day(Date.now() + clock.offset);
}

/** Whether the turn that is known has ended. @param {Movement} movement */
export function isOver({ standing }) {
  return Date.parse(standing.turn.ends_at) <= Date.now() + clock.offset;
}

/**
 * The movement in the turn that runs now. Without a network the service cannot say when that one
 * ends; but nothing is done in it that does not wait to be sent.
 * @param {Movement} movement
 * @returns {Movement}
 */
export function atNow(movement) {
  const { goal, standing } = movement;
  if (!isOver(movement)) return movement;
  const begun = { starts_at: standing.turn.ends_at, done: false };
  const counted = goal ? { amount: 0, still: goal.at_least } : {};
  return { ...movement, standing: { ...standing, streak: 0, turn: { ...standing.turn, ...begun, ...counted } } };
}

/**
 * Draw and read again when a turn ends, as another one begins then.
 * @param {Movement[]} movements @param {() => unknown} read
 */
export function useTurnEnd(movements, read) {
  const [, draw] = useState(0);
  const over = movements.some(isOver);
  const running = movements.filter((it) => !isOver(it));
  const next = Math.min(...running.map((it) => Date.parse(it.standing.turn.ends_at)));
  useEffect(() => {
    const timers = over ? [setTimeout(read, 1000)] : [];
    const wait = next - Date.now() - clock.offset + 1000;
    const end = () => (draw(next), read());
    if (wait < 2 ** 31) timers.push(setTimeout(end, wait)); // a longer time is none for timers
    return () => timers.forEach(clearTimeout);
  }, [over, next, answers.value, movements[0]]);
}
