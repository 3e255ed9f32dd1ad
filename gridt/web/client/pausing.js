// The form by which one movement or all of them pause.
import { html } from "./library.js";
import { choice } from "./parts/choice.js";
import { field, main } from "./parts/field.js";
import { frame } from "./parts/frame.js";
import { refusal } from "./parts/notice.js";
import { useForm } from "./forms.js";
import { go } from "./router.js";
import { call, page } from "./service.js";
import { bar, changed, today } from "./state.js";
import { t } from "./words.js";

const DAYS = /** @type {const} */ ({ "3 days": 3, "a week": 7, "two weeks": 14, "a month": 30 });

/**
 * @param {string} back
 * @param {string} title
 * @param {string} explained
 * @param {() => Promise<number[]>} movements
 */
export function usePauses(back, title, explained, movements) {
  const form = useForm({ for: "a week", until: "", reason: "" }, (values) => {
    const days = DAYS[/** @type {keyof typeof DAYS} */ (values.for)];
    const until = days ? dayAhead(days) : values.until;
    const pause = { until, reason: values.reason.trim() || null };
    return pauseEach(movements, pause).then(() => {
      changed();
      go(back, true);
      bar.value = { text: t("Paused. Nothing is expected of you.") };
    });
  });
  const lengths = /** @type {[string, string][]} */ ([
    ["3 days", t("3 days")],
    ["a week", t("a week")],
    ["two weeks", t("two weeks")],
    ["a month", t("a month")],
    ["until", t("until a day …")],
  ]);
  return frame(
    { title, back },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["until", "reason"])}
      <p>${explained}</p>
      ${choice(form, "for", t("For how long"), lengths)}
      ${(form.values.for === "until" || form.error("until")) &&
      field(form, "until", t("The first day after the pause"), { type: "date" })}
      ${field(form, "reason", t("Why"), { hint: t("Only you see it. You may leave it empty.") })}
      ${main(form, t("Pause"))}
    </form>`,
  );
}

/**
 * Pause movements one after the other: many calls at once would be too many for the service.
 * @param {() => Promise<number[]>} movements
 * @param {import("./types").Schemas["NewPause"]} pause
 */
async function pauseEach(movements, pause) {
  for (const movement of await movements()) {
    await call("put", "/movements/{movement}/pause", { movement }, pause);
  }
}

/** Return the ids of all movements of the member, which may be more than Today has read. */
export async function allMovements() {
  /** @type {number[]} */
  const ids = [];
  let next = /** @type {string | null} */ ("/movements/subscriptions?limit=500");
  while (next) {
    const read = await page(next);
    ids.push(...read.rows.map((/** @type {{id: number}} */ { id }) => id));
    next = read.next;
  }
  return ids;
}

/** @param {number} days */
function dayAhead(days) {
  const zone = today.peek()?.identity.time_zone;
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  return day.format(new Date(Date.now() + days * 864e5));
}
