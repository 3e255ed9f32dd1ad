// The year: a square for each day, a column for each week; and the same as a table of months.
import { html } from "../library.js";
import { date, t } from "../words.js";

const SIZE = 12;
const GAP = 3;
const LETTERS = "dfpmo";

/** @typedef {{from: string, days: string}} Year */

/** @param {string} days */
function count(days) {
  /** @type {Record<string, number>} */
  const counts = Object.fromEntries([...LETTERS].map((letter) => [letter, 0]));
  for (const letter of days) if (letter in counts) counts[letter] = (counts[letter] ?? 0) + 1;
  return counts;
}

/** @param {string} days */
function sentenceOf(days) {
  const { d, m, f, p } = count(days);
  const values = { done: d ?? 0, missed: m ?? 0, free: f ?? 0, paused: p ?? 0 };
  return t("Days: {done} done, {missed} missed, {free} free, {paused} paused", values);
}

/** @param {string} from @param {number} days */
function dayAfter(from, days) {
  const day = new Date(`${from}T12:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day;
}

/**
 * Show a year. A day with nothing due is a faint square.
 * @param {Year} year
 * @param {boolean} free whether the movement allows misses
 */
export function yearly({ from, days }, free) {
  const first = (dayAfter(from, 0).getUTCDay() + 6) % 7;
  const columns = Math.ceil((first + days.length) / 7);
  const step = SIZE + GAP;
  const words = sentenceOf(days);
  /** @param {Element | null} box */
  const toTheEnd = (box) => box && (box.scrollLeft = box.scrollWidth);
  return html`<div class="year" tabindex="0" role="region" aria-label=${t("Your year")} ref=${toTheEnd}>
      <svg role="img" aria-label=${words} viewBox=${`0 0 ${columns * step} ${7 * step}`}>
        ${[...days].map((letter, at) => {
          const place = first + at;
          return html`<rect
            key=${at}
            class=${LETTERS.includes(letter) ? letter : "n"}
            x=${Math.floor(place / 7) * step + 0.5}
            y=${(place % 7) * step + 0.5}
            width=${SIZE}
            height=${SIZE}
            rx="3"
          />`;
        })}
      </svg>
    </div>
    <p class="quiet">${words}</p>
    ${(free || days.includes("f")) &&
    html`<p class="quiet">${t("Free: a turn that you missed, but that does not end your streak.")}</p>`}
    <details>
      <summary>${t("As a table")}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("Your year as a table")}>
        ${months({ from, days })}
      </div>
    </details>`;
}

/** @param {Year} year */
function months({ from, days }) {
  /** @type {Map<string, string>} */
  const byMonth = new Map();
  [...days].forEach((letter, at) => {
    const month = dayAfter(from, at).toISOString().slice(0, 7);
    byMonth.set(month, (byMonth.get(month) ?? "") + letter);
  });
  const due = [...byMonth].filter(([, letters]) => /[dfpm]/.test(letters)).reverse();
  const heads = [t("Month"), t("Done"), t("Missed"), t("Free"), t("Paused")];
  return html`<table>
    <thead>
      <tr>
        ${heads.map((words) => html`<th key=${words} scope="col">${words}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${due.map(([month, letters]) => {
        const { d, m, f, p } = count(letters);
        const name = date(`${month}-15T12:00:00Z`, { month: "long", year: "numeric" });
        return html`<tr key=${month}>
          <th scope="row">${name}</th>
          <td>${d}</td>
          <td>${m}</td>
          <td>${f}</td>
          <td>${p}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}
