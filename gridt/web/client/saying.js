// Words of updates: said with a new one, or in the place of others.
import { Refused, call } from "./service.js";
import { t } from "./words.js";

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
