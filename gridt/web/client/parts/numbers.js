// Numbers about a member in a movement.
import { html } from "../library.js";
import { formats, t, tn } from "../words.js";

/** with fewer turns, a share says nothing */
const ENOUGH = 7;

/**
 * @param {import("../types").Movement["standing"]} standing
 * @param {boolean} streaks
 */
export function numbers({ streak, best_streak, lately }, streaks) {
  const share = lately.turns ? lately.done_turns / lately.turns : 0;
  const percent = new Intl.NumberFormat(formats(), { style: "percent" }).format(share);
  /** @type {[string, string | number][]} */
  const shown = streaks
    ? [
        [t("turns in a row"), streak],
        [t("longest"), best_streak],
      ]
    : [];
  if (lately.turns >= ENOUGH) {
    shown.push([tn("of the last turn", "of the last {n} turns", lately.turns), percent]);
  }
  if (!shown.length) return null;
  return html`<dl class="numbers">
    ${shown.map(([words, value]) => html`<div key=${words}><dt>${words}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}
