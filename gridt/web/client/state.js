// What all screens share, and what a member does from several of them.
import { batch, signal } from "./library.js";
import { rowsOf } from "./outbox.js";
import { Refused, call, clock, reread, session } from "./service.js";
import { forget, keep, recall } from "./store.js";
import { speak, spoken, tellTimesIn } from "./words.js";

/** @typedef {import("./types").Schemas} Schemas */

export const me = signal(/** @type {import("./types").Me | null} */ (null));
export const today = signal(/** @type {import("./types").Today | null} */ (null));
/** When the shown list was read, where it could not be read again. */
export const readAt = signal(/** @type {string | null} */ (null));
export const bar = signal(/** @type {import("./types").Bar | null} */ (null));
export const problem = signal(/** @type {import("./types").Problem | null} */ (null));
/** Counts the answers about today: while they come, the service can be reached. */
export const answers = signal(0);
/** Counts changes, so that screens read again. */
export const changes = signal(0);
/** What the member did that is not at the service yet, or was refused. */
export const queue = signal(/** @type {import("./types").Waiting[]} */ ([]));
/** The movements whose button was just pressed. */
export const pressed = signal(/** @type {ReadonlySet<number>} */ (new Set()));

/** a day, in milliseconds */
const DAY = 864e5;

export const channel = "BroadcastChannel" in window ? new BroadcastChannel("gridt") : null;
/** of the list that was read last */
let etag = "";

/** Find out who is logged in, and show what was read last. */
export async function begin() {
  session.over = () => void leave(false);
  channel?.addEventListener("message", ({ data }) => {
    if (data === "changed") void refresh();
    if (data === "out") void leave(false);
  });
  await adopt();
}

/** Use the session that this browser keeps, if there is one. */
async function adopt() {
  const kept = await recall("me", "me");
  const seen = kept && (await recall("seen", "today"));
  const known = seen?.answer?.identity.language ?? kept?.language;
  await speak(known ?? (await recall("seen", "language")));
  if (!kept || me.peek()) return;
  session.key = kept.key;
  me.value = kept;
  if (seen?.answer) {
    clock.offset = seen.offset;
    etag = seen.etag;
    show(seen.answer);
  }
  await readQueue();
  void readToday();
  if (Date.now() - kept.renewed > DAY) void renew(kept);
}

/**
 * Renew the session, so that it lasts as long as the app is in use.
 * @param {import("./types").Me} kept
 */
async function renew(kept) {
  // without an answer, the next start tries again
  const done = await call("put", "/auth/session").catch(() => null);
  if (!done || session.key !== kept.key) return;
  await keep("me", "me", { ...kept, renewed: Date.now(), secure: done.secure });
}

/**
 * Show the door. The session of other devices stays, unless the member wants it otherwise.
 * @param {boolean} ask whether to end the session at the service as well
 * @param {boolean} [everywhere]
 */
export async function leave(ask, everywhere = false) {
  if (!me.peek()) return;
  if (ask) await call("delete", "/auth/session", { everywhere }).catch(() => null);
  const { key } = session;
  session.key = "";
  batch(() => {
    me.value = null;
    today.value = null;
    bar.value = null;
    queue.value = [];
  });
  // another tab may have logged in meanwhile
  if (((await recall("me", "me"))?.key ?? key) === key) await forget();
  if (ask) channel?.postMessage("out");
}

/** @param {import("./types").Today} answer */
function show(answer) {
  const { language, time_zone } = answer.identity;
  tellTimesIn(time_zone);
  // chosen on another device
  if (language && language !== spoken()) void speak(language);
  today.value = answer;
}

/** Read what waits to be sent. */
export async function readQueue() {
  const user = me.peek()?.user;
  queue.value = user === undefined ? [] : await rowsOf(user);
}

/** Read what is to be done today; without a network, what was read last stays. */
export async function readToday() {
  const { key } = session;
  try {
    const read = await reread("/today?limit=100", today.peek() ? etag : "");
    if (session.key !== key) return;
    batch(() => {
      if (read) show(read.content);
      readAt.value = null;
      pressed.value = new Set();
      problem.value = null;
      answers.value += 1;
    });
    if (!read) return;
    etag = read.etag;
    await keep("seen", "today", { answer: read.content, etag, offset: clock.offset });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (today.peek()) readAt.value = today.peek()?.now ?? null;
    else problem.value = error.problem;
  }
}

/** Read again what is shown, here. */
export async function refresh() {
  if (!me.peek()) return adopt();
  changes.value += 1;
  await readToday();
  await readQueue();
}

/** Read again what is shown, here and in other tabs. */
export function changed() {
  channel?.postMessage("changed");
  return refresh();
}
