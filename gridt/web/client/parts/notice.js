// Sentences above the content of a screen.
import { html } from "../library.js";
import { queue } from "../state.js";
import { forgetRow } from "../updates.js";
import { date, sentence, t, tn, time } from "../words.js";

/**
 * A refusal, in words. Where each sentence stands at a field, none stands here.
 * @param {import("../types").Problem | null} problem
 * @param {string[]} [fields] the fields that show their own
 */
export function refusal(problem, fields = []) {
  if (!problem) return null;
  const shown = (problem.errors ?? []).filter(({ pointer }) =>
    fields.includes(pointer.split("/")[1] ?? ""),
  );
  const words = shown.length ? t("Please look at the marked fields.") : sentence(problem);
  return html`<p class="notice problem" role="alert" tabindex="-1">${words}</p>`;
}

/**
 * Something that asks for a choice of the member.
 * @param {string} words
 * @param {import("../library").Child} action
 */
export function attention(words, action) {
  return html`<div class="notice attention"><p>${words}</p>${action}</div>`;
}

/**
 * Say that what is shown may be old, where it could not be read again.
 * @param {string | null | undefined} moment when it was read
 */
export function asOf(moment) {
  if (!moment) return null;
  const isToday = date(moment) === date(new Date());
  const words = isToday ? time(moment) : said(moment);
  return html`<p class="notice">${t("You are offline. As of {time}.", { time: words })}</p>`;
}

/** The day and the time of a moment. @param {string} moment */
export function said(moment) {
  return date(moment, { weekday: "long", hour: "numeric", minute: "2-digit" });
}

/** @param {string} words */
export function waiting(words = t("One moment …")) {
  return html`<p class="waiting" role="status">${words}</p>`;
}

/**
 * Words in the place of an empty list.
 * @param {string} words
 * @param {import("../library").Child} [action]
 */
export function empty(words, action) {
  return html`<div class="empty"><p>${words}</p>${action}</div>`;
}

/**
 * The content of a screen before its data has come: a refusal with another try, or a word.
 * @param {{problem: import("../types").Problem | null, again(): void}} reading
 */
export function unread({ problem, again }) {
  if (!problem) return waiting();
  return html`${refusal(problem)}
    <p><button type="button" class="button" onClick=${again}>${t("Try again")}</button></p>`;
}

/** Say what waits to be sent, and what the service refused meanwhile. @param {import("../types").Movement[]} movements */
export function waitingWords(movements) {
  const refused = queue.value.filter((row) => row.problem);
  const rest = queue.value.length - refused.length;
  const words = tn("{n} change waits to be sent.", "{n} changes wait to be sent.", rest);
  return html`${rest > 0 && html`<p class="notice" role="status">${words}</p>`}
  ${refused.map((row) => {
    const name = movements.find(({ id }) => id === row.movement)?.name;
    const end = html`<button type="button" class="button" onClick=${() => void forgetRow(row)}>${t("Forget it")}</button>`;
    return html`<div key=${row.key}>${attention(`${name ? `${name}: ` : ""}${whyRefused(row)}`, end)}</div>`;
  })}`;
}

/** @param {import("../types").Waiting} row */
function whyRefused({ at, problem: why }) {
  const moment = said(at);
  if (why?.type === "/problems/not-in-time") return t("Too late to count (said {moment}).", { moment });
  const isGone = why?.status === 403 || why?.status === 404 || why?.type === "/problems/not-subscribed";
  if (isGone) return t("You are not in this movement any more (said {moment}).", { moment });
  return why ? sentence(why) : "";
}
