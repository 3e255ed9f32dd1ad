// What a movement asks for: the fields by which it is started and edited, and what they send.
import { html } from "./library.js";
import { choice, toggle } from "./parts/choice.js";
import { field } from "./parts/field.js";
import { named, rhythm } from "./rhythms.js";
import { t } from "./words.js";

/** @typedef {import("./types").Schemas["NewMovement"]} NewMovement */

/** What a movement is when nothing is chosen. */
export const PLAIN = {
  name: "",
  short_description: "",
  description: "",
  interval: "daily",
  days: "3",
  times: "1",
  free_misses: "0",
  free_turns: "7",
  counts_every_update: false,
};
/** @typedef {typeof PLAIN} Shape */

export const FIELDS = ["name", "short_description", "description", "interval", "goal", "free_misses", "free_turns"];
/** intervals in which a turn may ask for several days */
const COUNTED = ["weekly", "monthly", "quarterly", "yearly"];
const WORDS = ["daily", "twice daily", "weekly", "monthly", "quarterly", "yearly", "hourly"];

/** Return the values of a movement's fields. @param {import("./types").AnyMovement} movement */
export function shapeOf(movement) {
  const { name, short_description, description, goal, free_misses, free_turns, counts_every_update } = movement;
  const interval = named(movement.interval);
  const days = /^P(\d+)D$/.exec(interval)?.[1];
  return {
    name,
    short_description,
    description,
    interval: days ? "other" : interval,
    days: days ?? "3",
    times: String(goal?.at_least ?? 1),
    free_misses: String(free_misses),
    free_turns: String(free_turns),
    counts_every_update,
  };
}

/**
 * Whether the number of times can be chosen.
 * @param {Shape} values
 */
const isCounted = ({ interval, times }) => COUNTED.includes(interval) || times !== "1";

/** @param {import("./types").Form<Shape>} form */
export function texts(form) {
  return html`${field(form, "name", t("Name"), { hint: t("Such as “Floss every day”."), autocomplete: "off" })}
  ${field(form, "short_description", t("In a sentence"), { autocomplete: "off" })}`;
}

/**
 * @param {import("./types").Form<Shape>} form
 * @param {string} [kept] an interval that has no word, and may stay
 */
export function rhythmOf(form, kept = "") {
  const intervals = kept && kept !== "other" && !WORDS.includes(kept) ? [...WORDS, kept] : WORDS;
  const every = /** @type {[string, string][]} */ (intervals.map((interval) => [interval, rhythm({ interval })]));
  const { values } = form;
  return html`${choice(form, "interval", t("How often"), [...every, ["other", t("every few days")]])}
  ${values.interval === "other" &&
  field(form, "days", t("Every how many days"), { type: "number", inputmode: "numeric", min: 1, max: 365 })}
  ${isCounted(values) &&
  field(form, "times", t("How many times"), {
    type: "number",
    inputmode: "numeric",
    min: 1,
    hint: t("On how many days of each turn, such as 3 days a week."),
  })}
  ${form.error("goal") && html`<p class="wrong" role="alert">${form.error("goal")}</p>`}`;
}

/** @param {import("./types").Form<Shape>} form */
export function further(form) {
  return html`${field(form, "description", t("More about it"), { lines: 4 })}
  ${field(form, "free_misses", t("Misses that do not end a streak"), {
    type: "number",
    inputmode: "numeric",
    min: 0,
  })}
  ${form.values.free_misses !== "0" &&
  field(form, "free_turns", t("In how many turns in a row"), { type: "number", inputmode: "numeric", min: 1 })}
  ${toggle(form, "counts_every_update", t("Count every update"), t("More than one in a turn is kept."))}`;
}

/**
 * @param {Shape} values
 * @returns {NewMovement}
 */
export function movementOf(values) {
  const { name, short_description, description } = values;
  const times = Number(values.times);
  const misses = Number(values.free_misses);
  /** @type {NewMovement} */
  const movement = {
    name,
    short_description,
    description,
    interval: values.interval === "other" ? `P${Number(values.days) || 1}D` : values.interval,
    counts_every_update: values.counts_every_update,
  };
  if (misses) Object.assign(movement, { free_misses: misses, free_turns: Number(values.free_turns) });
  if (isCounted(values) && times > 1) {
    movement.goal = { of: "count", at_least: times };
  }
  return movement;
}

/**
 * Return what of a movement is no longer as it was.
 * @param {Shape} before
 * @param {Shape} values
 */
export function changesOf(before, values) {
  /** @param {Shape} shape */
  const whole = (shape) => ({ goal: null, free_misses: 0, ...movementOf(shape) });
  const was = /** @type {Record<string, unknown>} */ (whole(before));
  const changed = Object.entries(whole(values)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name]),
  );
  return /** @type {import("./types").Schemas["MovementPatch"]} */ (Object.fromEntries(changed));
}
