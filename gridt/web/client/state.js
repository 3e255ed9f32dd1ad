// What all screens share, and what a member does from several of them.
import { batch, signal } from "./library.js";
import { Refused, call, session } from "./service.js";
import { forget, keep, recall } from "./store.js";
import { speak, spoken, tellTimesIn } from "./words.js";

/** @typedef {import("./types").Schemas} Schemas */

export const me = signal(/** @type {import("./types").Me | null} */ (null));
export const today = signal(/** @type {import("./types").Today | null} */ (null));
/** When the shown list was read, where it could not be read again. */
export const readAt = signal(/** @type {string | null} */ (null));
export const bar = signal(/** @type {import("./types").Bar | null} */ (null));
export const problem = signal(/** @type {import("./types").Problem | null} */ (null));
/** Counts changes, so that screens read again. */
export const changes = signal(0);
/** The movements whose button was just pressed. */
export const pressed = signal(/** @type {ReadonlySet<number>} */ (new Set()));

/** a day, in milliseconds */
const DAY = 864e5;

const channel = "BroadcastChannel" in window ? new BroadcastChannel("gridt") : null;

/** Find out who is logged in, and show what was read last. */
export async function begin() {
  session.over = () => void leave(false);
  channel?.addEventListener("message", ({ data }) => {
    if (data === "changed") refresh();
    if (data === "out") void leave(false);
  });
  const kept = await recall("me", "me");
  const seen = kept && (await recall("seen", "today"));
  await speak(seen?.identity.language ?? kept?.language ?? (await recall("seen", "language")));
  if (kept) {
    session.key = kept.key;
    me.value = kept;
    if (seen) show(seen);
  }
  if (!kept) return;
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
  if (done && session.key === kept.key) await keep("me", "me", { ...kept, renewed: Date.now() });
}

/**
 * @param {string} username
 * @param {string} password
 */
export async function logIn(username, password) {
  const answer = await call("post", "/auth/session", {}, { username, password });
  await forget();
  session.key = answer.key;
  const { id, language } = answer.identity;
  await speak(language);
  tellTimesIn(answer.identity.time_zone);
  const known = { key: answer.key, user: id, language, renewed: Date.now() };
  await keep("me", "me", known);
  batch(() => {
    today.value = null;
    me.value = known;
  });
  await readToday();
}

/**
 * Use the language that a visitor chose. An account has its own.
 * @param {string} language
 */
export async function choose(language) {
  await speak(language);
  await keep("seen", "language", language);
}

/**
 * Show the door. The session of other devices stays, unless the member wants it otherwise.
 * @param {boolean} ask whether to end the session at the service as well
 * @param {boolean} [everywhere]
 */
export async function leave(ask, everywhere = false) {
  if (!me.peek()) return;
  if (ask) await call("delete", "/auth/session", { everywhere }).catch(() => null);
  session.key = "";
  batch(() => {
    me.value = null;
    today.value = null;
    bar.value = null;
  });
  await forget();
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

/** Read what is to be done today; without a network, what was read last stays. */
export async function readToday() {
  try {
    const answer = await call("get", "/today", { limit: 100 });
    batch(() => {
      show(answer);
      readAt.value = null;
      pressed.value = new Set();
      problem.value = null;
    });
    await keep("seen", "today", answer);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (today.peek()) readAt.value = today.peek()?.now ?? null;
    else problem.value = error.problem;
  }
}

/** Read again what is shown, here. */
function refresh() {
  changes.value += 1;
  if (me.peek()) void readToday();
}

/** Read again what is shown, here and in other tabs. */
export function changed() {
  refresh();
  channel?.postMessage("changed");
}
