// Today: what is still open, what is done, what pauses.
import { html, useEffect, useState } from "../library.js";
import { card, doneCard, pausedCard } from "../parts/card.js";
import { atNow, isDone, isPaused, useTurnEnd } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { asOf, attention, empty, refusal, waiting, waitingWords } from "../parts/notice.js";
import { Refused, call, page } from "../service.js";
import { answers, bar, changed, problem, readAt, readToday, today } from "../state.js";
import { date, sentence, t } from "../words.js";

/** @typedef {import("../types").Movement} Movement */

/** how many movements Today reads at once */
const PAGE = 100;

export function Today() {
  const answer = today.value;
  const title = t("Today");
  const { rest, more } = useRest(answer);
  const all = [...(answer?.movements ?? []), ...rest];
  useTurnEnd(all, readToday);
  if (!answer) {
    const again = html`<p>
      <button type="button" class="button" onClick=${() => void readToday()}>${t("Try again")}</button>
    </p>`;
    return frame({ title }, problem.value ? [refusal(problem.value), again] : waiting());
  }
  const { identity } = answer;
  /** @type {Movement[]} */
  const movements = all.sort(byEnd).map(atNow);
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
    done.length > 0 && open.length === 0 && !more && html`<p class="all-done">${t("All done. See you tomorrow.")}</p>`,
    group(t("Done"), done.map((it) => doneCard(it, streaks))),
    group(t("Paused"), paused.map((it) => pausedCard(it, () => endPause(it.id)))),
    more && html`<p class="further">
      <button type="button" class="button" onClick=${more}>${t("Show more movements")}</button>
    </p>`,
    movements.length === 1 && explained(),
  );
}

/**
 * Read the movements after the first page, one page more at each press.
 * @param {import("../types").Today | null} first
 */
function useRest(first) {
  const [pages, setPages] = useState(0);
  const [read, setRead] = useState({ rest: /** @type {Movement[]} */ ([]), ended: false });
  useEffect(() => {
    let current = true;
    void restOf(pages).then((it) => current && setRead(it), () => null);
    return () => void (current = false);
  }, [pages, first, answers.value]); // the first page may be as it was
  const isLong = (first?.movements.length ?? 0) >= PAGE;
  return { rest: isLong ? read.rest : [], more: isLong && !read.ended ? () => setPages(pages + 1) : null };
}

/** @param {number} pages */
async function restOf(pages) {
  /** @type {Movement[]} */
  const rest = [];
  let next = pages ? (await page(`/today?limit=${PAGE}`)).next : null;
  for (let n = 0; n < pages && next; n++) {
    const it = await page(next);
    rest.push(...it.rows.movements);
    next = it.next;
  }
  return { rest, ended: pages > 0 && !next };
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
