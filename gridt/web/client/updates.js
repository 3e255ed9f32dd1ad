// Updates: posted for this moment, undone, and said again with other words.
import { Refused, call, clock } from "./service.js";
import { bar, changed, pressed } from "./state.js";
import { sentence, t } from "./words.js";

/** Return the present moment by the service's clock. */
export const now = () => new Date(Date.now() + clock.offset).toISOString();

/**
 * Post an update of this moment, and offer to undo it.
 * @param {{id: number, goal?: unknown}} movement
 */
export async function didIt({ id, goal }) {
  pressed.value = new Set([...pressed.peek(), id]);
  const path = { movement: id };
  try {
    const update = await call("post", "/movements/{movement}/updates", path, { at: now() });
    const more = `/app/m/${id}/say?update=${update.id}`;
    bar.value = { text: t("Saved"), undo: () => void undo(id, update.id), more };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const isDone = error.problem.type === "/problems/already-done"; // on another device
    const already = goal ? t("Today counts already.") : t("It was saved already.");
    bar.value = { text: isDone ? already : sentence(error.problem) };
    pressed.value = new Set([...pressed.peek()].filter((it) => it !== id));
  }
  changed();
}

/**
 * @param {number} movement
 * @param {number} update
 */
export async function undo(movement, update) {
  try {
    await call("delete", "/movements/{movement}/updates/{update}", { movement, update });
    bar.value = { text: t("Undone.") };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    bar.value = { text: sentence(error.problem) };
  }
  changed();
}

/**
 * @param {string | number} movement
 * @param {string | null} at null for this moment, also where the turn is done
 * @param {string | null} message
 */
export function post(movement, at, message) {
  return call("post", "/movements/{movement}/updates", { movement }, at ? { at, message } : { message });
}

/**
 * Give an update other words. Updates never change, so it is said again, and the first one is taken
 * back once the second is saved. Where a turn has begun between them, both stay.
 * @param {string} movement @param {string} update @param {string | null} message
 */
export async function replace(movement, update, message) {
  const path = { movement, update };
  const before = await call("get", "/movements/{movement}/updates/{update}", path);
  const about = await call("get", "/movements/{movement}", { movement });
  const turn = about.subscribed ? about.standing.turn : null;
  if (!turn || isBefore(before.time_stamp, turn.starts_at)) {
    throw new Refused({ status: 409, type: "", message: t("Words can be added until the turn is over.") });
  }
  const said = await post(movement, null, message);
  if (isBefore(said.time_stamp, turn.ends_at)) {
    await call("delete", "/movements/{movement}/updates/{update}", path).catch(() => null);
  }
  return said;
}

/** @param {string} moment @param {string} other */
const isBefore = (moment, other) => Date.parse(moment) < Date.parse(other);
