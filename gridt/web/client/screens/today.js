// Today: what is still open, what is done, what pauses.
import { html } from "../library.js";
import { card, doneCard, isDone, isPaused, pausedCard } from "../parts/card.js";
import { frame } from "../parts/frame.js";
import { asOf, attention, empty, refusal, said, waiting } from "../parts/notice.js";
import { Refused, call } from "../service.js";
import { bar, changed, problem, queue, readAt, readToday, today } from "../state.js";
import { forgetRow } from "../updates.js";
import { date, sentence, t, tn } from "../words.js";

/** @typedef {import("../types").Movement} Movement */

export function Today() {
  const answer = today.value;
  const title = t("Today");
  if (!answer) {
    const again = html`<p>
      <button type="button" class="button" onClick=${() => void readToday()}>${t("Try again")}</button>
    </p>`;
    return frame({ title }, problem.value ? [refusal(problem.value), again] : waiting());
  }
  const { identity } = answer;
  /** @type {Movement[]} */
  const movements = [...answer.movements].sort(byEnd);
  const paused = movements.filter(isPaused);
  const done = movements.filter((it) => !isPaused(it) && isDone(it));
  const open = movements.filter((it) => !isPaused(it) && !isDone(it));
  const streaks = !identity.hides_streaks;
  return frame(
    { title, aside: html`<p class="quiet">${date(new Date())}</p>` },
    asOf(readAt.value),
    waitingWords(movements),
    differs(identity.time_zone),
    !movements.length && welcome(),
    group(t("Still open"), open.map((it) => card(it, streaks))),
    done.length > 0 && open.length === 0 && html`<p class="all-done">${t("All done. See you tomorrow.")}</p>`,
    group(t("Done"), done.map((it) => doneCard(it, streaks))),
    group(t("Paused"), paused.map((it) => pausedCard(it, () => endPause(it.id)))),
    movements.length === 1 && explained(),
  );
}

/** Say what waits to be sent, and what the service refused meanwhile. @param {Movement[]} movements */
function waitingWords(movements) {
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

/** @param {Movement} a @param {Movement} b */
function byEnd(a, b) {
  const ends = [a, b].map((it) => Date.parse(it.standing.turn.ends_at));
  return /** @type {number} */ (ends[0]) - /** @type {number} */ (ends[1]) || a.id - b.id;
}

/**
 * @param {string} title
 * @param {import("../library").Child[]} cards
 */
function group(title, cards) {
  if (!cards.length) return null;
  return html`<section>
    <h2>${title} <span class="count">${cards.length}</span></h2>
    <ul class="cards">${cards}</ul>
  </section>`;
}

function welcome() {
  return empty(
    t("What would you like to keep at? Find a movement that others keep to already, or start one."),
    html`<p><a class="button main" href="/app/find">${t("Find a movement")}</a></p>`,
  );
}

function explained() {
  const words = t(
    "Your leaders are members of the same movement. You see when they did it, and others see when you did.",
  );
  return html`<p class="quiet explained">${words}</p>`;
}

/** @param {string} zone of the account */
function differs(zone) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (here === zone) return null;
  const words = t("Your account's clock is {zone}, and this device's is {here}.", { zone, here });
  const use = () =>
    void call("patch", "/identity", {}, { time_zone: here }).then(changed, (error) => {
      if (!(error instanceof Refused)) throw error;
      bar.value = { text: sentence(error.problem) };
    });
  return attention(
    words,
    html`<button type="button" class="button" onClick=${use}>${t("Use {here}", { here })}</button>`,
  );
}

/** @param {number} movement */
function endPause(movement) {
  void call("delete", "/movements/{movement}/pause", { movement }).then(changed, (error) => {
    if (!(error instanceof Refused)) throw error;
    bar.value = { text: sentence(error.problem) };
    changed();
  });
}
