// What waits to be sent: that a member did it, and that it is undone. Pages and the worker send it.
import { Refused, call, clock, randomText } from "./service.js";
import { drop, keep, recall, recallAll } from "./store.js";

/** @typedef {import("./types").Waiting} Waiting */
/** @typedef {import("./types").Sent} Sent */

/** where the service may have no answer: the seconds until the next try */
const STEPS = [5, 30, 120];
/** the tries without success */
let tries = 0;

/** Return the present moment by the service's clock. */
export const now = () => new Date(Date.now() + clock.offset).toISOString();

/**
 * Return all rows of a user, oldest first.
 * @param {number} user
 * @returns {Promise<Waiting[]>}
 */
export async function rowsOf(user) {
  return (await recallAll("outbox")).filter((row) => row.user === user);
}

/**
 * @param {Omit<Waiting, "key">} row
 * @returns {Promise<Waiting>}
 */
export async function add(row) {
  const kept = { ...row, key: `${row.at} ${randomText()}` };
  await keep("outbox", kept.key, kept);
  return kept;
}

/** @param {Waiting} row */
export const discard = (row) => drop("outbox", row.key);

/**
 * Take back a row: at once where it was never sent, or else by another row.
 * @param {Waiting} row
 * @returns {Promise<Waiting | null>} what is to be sent instead
 */
export function takeBack(row) {
  return locked(async () => {
    const kept = /** @type {Waiting | undefined} */ (await recall("outbox", row.key));
    await discard(row);
    if (kept && !kept.tried) return null;
    const { user, movement, at } = row;
    return add({ kind: "undo", user, movement, at });
  });
}

/**
 * Send what a user has waiting, oldest first. Only one page or worker does so at a time.
 * @param {number} user
 * @param {(row: Waiting, sent: Sent) => void} tell what became of a row
 * @returns {Promise<number | null>} the seconds to wait if something waits still
 */
export function flush(user, tell) {
  return locked(async () => {
    for (const row of await rowsOf(user)) {
      if (row.problem) continue; // the member has to read it first
      const wait = await send(row, tell);
      if (wait !== null) return wait;
    }
    return null;
  });
}

/**
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
function locked(run) {
  // pages without TLS have no locks; a moment that is sent twice is saved once all the same
  return navigator.locks ? /** @type {Promise<any>} */ (navigator.locks.request("gridt-outbox", run)) : run();
}

/**
 * @param {Waiting} row
 * @param {(row: Waiting, sent: Sent) => void} tell
 * @returns {Promise<number | null>}
 */
async function send(row, tell) {
  // the device's clock may have been set back since: nothing lies in the future
  if (!row.tried && row.at > now()) row.at = now();
  if (!row.tried) await keep("outbox", row.key, Object.assign(row, { tried: true }));
  try {
    const update = await (row.kind === "did" ? post(row) : withdraw(row));
    tries = 0;
    await discard(row);
    tell(row, { update });
    return null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return settle(row, error.problem, tell);
  }
}

/** @param {Waiting} row */
function post({ movement, at }) {
  return call("post", "/movements/{movement}/updates", { movement }, { at });
}

/** @param {Waiting} row */
async function withdraw({ movement, update, at }) {
  const saved = update ?? (await find(movement, at));
  if (!saved) return null;
  await call("delete", "/movements/{movement}/updates/{update}", { movement, update: saved });
  return null;
}

/**
 * Return the id of the update of a moment, whose answer never came.
 * @param {number} movement @param {string} at
 */
async function find(movement, at) {
  const updates = await call("get", "/movements/{movement}/updates", { movement, limit: 100 });
  return updates.find((it) => Date.parse(it.time_stamp) === Date.parse(at))?.id;
}

/**
 * @param {Waiting} row
 * @param {import("./types").Problem} problem
 * @param {(row: Waiting, sent: Sent) => void} tell
 */
async function settle(row, problem, tell) {
  const { status, type, errors, retry_after } = problem;
  if (status === 401) return 0; // kept for the next login of this user
  if (status === 0 || status === 429 || status >= 500) {
    const step = STEPS[Math.min(tries++, STEPS.length - 1)] ?? 0;
    return retry_after ?? step;
  }
  if (errors?.[0]?.code === "in-the-future" && row.at > now()) {
    row.tried = false; // nothing was saved, and the answer has shown what time it is
    return send(row, tell);
  }
  if (row.kind === "undo" || type === "/problems/already-done") await discard(row);
  else await keep("outbox", row.key, { ...row, problem });
  tell(row, { problem });
  return null;
}
