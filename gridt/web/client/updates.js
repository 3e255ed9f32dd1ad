// Updates of this moment: posted, undone, and sent later where there is no network.
import { add, discard, flush, now, rowsOf, takeBack } from "./outbox.js";
import { bar, changed, me, pressed, queue, readQueue } from "./state.js";
import { keeping } from "./store.js";
import { sentence, t } from "./words.js";

/** @typedef {import("./types").Waiting} Waiting */
/** @typedef {import("./types").Sent} Sent */

/** How often rows are being sent at this moment. */
export const sending = { count: 0 };
/** What became of rows, until it is read. @type {Map<string, Sent>} */
const outcomes = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Post an update of this moment, and offer to undo it.
 * @param {{id: number, goal?: unknown, standing: {turn: {starts_at: string}}}} movement
 */
export async function didIt({ id, goal, standing }) {
  pressed.value = new Set([...pressed.peek(), id]);
  const moment = Math.max(Date.parse(now()), Date.parse(standing.turn.starts_at));
  const { row, sent } = await hand({ kind: "did", movement: id, at: new Date(moment).toISOString() });
  if (!row) return;
  const { update, problem } = sent ?? {};
  const isDone = problem?.type === "/problems/already-done"; // on another device
  const already = goal ? t("Today counts already.") : t("It was saved already.");
  if (update) {
    const more = `/app/m/${id}/say?update=${update.id}`;
    bar.value = { text: t("Saved"), undo: () => void undo(id, update.id), more };
  } else if (problem) bar.value = { text: isDone ? already : sentence(problem) };
  else bar.value = { text: sent ? t("Saved") : waits(), undo: () => void undoRow(row) };
  if (problem) pressed.value = new Set([...pressed.peek()].filter((it) => it !== id));
}

/**
 * @param {number} movement
 * @param {number} update
 */
export async function undo(movement, update) {
  const { row, sent } = await hand({ kind: "undo", movement, at: now(), update });
  if (!row) return;
  const refused = sent?.problem && sent.problem.status !== 404 ? sentence(sent.problem) : "";
  bar.value = { text: refused || (sent ? t("Undone.") : waits()) };
}

/**
 * Take back an update that waits to be sent.
 * @param {Waiting} row
 */
export async function undoRow(row) {
  const rest = await takeBack(row);
  pressed.value = new Set([...pressed.peek()].filter((it) => it !== row.movement));
  await readQueue();
  if (rest) await sendWaiting();
  bar.value = { text: t("Undone.") };
}

/** @param {Waiting} row */
export async function forgetRow(row) {
  await discard(row);
  await readQueue();
}

function waits() {
  return t("Kept on this device, and sent later.");
}

/**
 * Keep a row, and try to send it. Without a place to keep it, it is refused where it cannot be sent.
 * @param {Omit<Waiting, "key" | "user">} what
 * @returns {Promise<{row?: Waiting, sent?: Sent}>}
 */
async function hand(what) {
  const user = me.peek()?.user;
  if (user === undefined) return {};
  const row = await add({ ...what, user });
  await readQueue();
  await sendWaiting();
  const sent = outcomes.get(row.key);
  outcomes.delete(row.key);
  if (sent) {
    // the bar says it at once
    if (sent.problem) await forgetRow(row);
    return { row, sent };
  }
  const waiting = (await rowsOf(user)).some(({ key }) => key === row.key);
  if (!waiting) return { row, sent: {} }; // another tab sent it
  if (keeping.lasts) return { row };
  await forgetRow(row);
  return { row, sent: { problem: { status: 0, type: "unreachable", message: "" } } };
}

/** Send what waits, and try again later where no answer comes. */
export async function sendWaiting() {
  const user = me.peek()?.user;
  if (user === undefined || !queue.peek().some((row) => !row.problem)) return;
  clearTimeout(timer);
  sending.count += 1;
  let any = false;
  /** @param {Waiting} row @param {Sent} sent */
  const tell = (row, sent) => void (outcomes.set(row.key, sent), (any = true));
  const wait = await flush(user, tell).finally(() => (sending.count -= 1));
  if (wait) {
    timer = setTimeout(() => void sendWaiting(), 1000 * wait);
    askWorker();
  }
  // until the service's list is here, the rows stand for what it will say
  void (any ? changed() : Promise.resolve()).then(readQueue);
}

/** Let the worker send what waits, where the browser can do that without a page. */
function askWorker() {
  void navigator.serviceWorker?.ready
    .then((it) => /** @type {any} */ (it).sync?.register("gridt-outbox"))
    .catch(() => null); // refused by the browser's settings
}
