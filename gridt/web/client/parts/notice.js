// Sentences above the content of a screen.
import { html } from "../library.js";
import { date, sentence, t, time } from "../words.js";

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
  return html`<p class="notice problem" role="alert">${words}</p>`;
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
