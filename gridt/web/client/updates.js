// Updates: posted for this moment, undone, and said again with other words.
import { Refused, call, clock } from "./service.js";
import { bar, changed, pressed } from "./state.js";
import { sentence, t } from "./words.js";

/** Return the present moment by the service's clock. */
export const now = () => new Date(Date.now() + clock.offset).toISOString();

/**
 * Post an update of this moment, and offer to undo it.
 * @param {{id: number}} movement
 */
export async function didIt({ id }) {
  pressed.value = new Set([...pressed.peek(), id]);
  const path = { movement: id };
  try {
    const update = await call("post", "/movements/{movement}/updates", path, { at: now() });
    const more = `/app/m/${id}/say?update=${update.id}`;
    bar.value = { text: t("Saved"), undo: () => void undo(id, update.id), more };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const isDone = error.problem.type === "/problems/already-done"; // on another device
    bar.value = { text: isDone ? t("It was saved already.") : sentence(error.problem) };
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

/** @param {string | number} movement @param {string} at @param {string | null} message */
export function post(movement, at, message) {
  return call("post", "/movements/{movement}/updates", { movement }, { at, message });
}

/**
 * Give an update other words. Updates never change: it is said again, for the same moment.
 * @param {string} movement @param {string} update @param {string | null} message
 */
export async function replace(movement, update, message) {
  const path = { movement, update };
  const before = await call("get", "/movements/{movement}/updates/{update}", path);
  await call("delete", "/movements/{movement}/updates/{update}", path);
  try {
    return await post(movement, before.time_stamp, message);
  } catch (error) {
    // the words were refused: what was done stays done
    await post(movement, before.time_stamp, before.message).catch(() => null);
    changed();
    throw error;
  }
}
