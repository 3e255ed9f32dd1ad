// What a movement asks for: the values of the form by which it is started and edited, and what they send.
import { named } from "./rhythms.js";
import { Refused } from "./service.js";
import { t } from "./words.js";

/** @typedef {import("./types").Schemas["NewMovement"]} NewMovement */
/** @typedef {Pick<NewMovement, "interval" | "goal">} Rhythm */

/** What a movement is when nothing is chosen. `kept` is a rhythm that is none of the choices. */
export const PLAIN = {
  name: "",
  short_description: "",
  description: "",
  rhythm: "daily",
  count: "3",
  kept: /** @type {Rhythm | null} */ (null),
  free_misses: "0",
  free_turns: "7",
  counts_every_update: false,
};
/** @typedef {typeof PLAIN} Shape */

export const FIELDS = ["name", "short_description", "description", "rhythm", "count", "free_misses", "free_turns"];
/** The fields of what the service calls otherwise. */
export const ELSEWHERE = { interval: "rhythm", goal: "count" };
/** Rhythms with a number, and the largest one. */
export const COUNTED = /** @type {Record<string, number>} */ ({ days: 365, "in a week": 7, "in a month": 28, "in a year": 365 });
/** The interval in which a number of times is counted. */
const WITHIN = /** @type {Record<string, string>} */ ({ "in a week": "weekly", "in a month": "monthly", "in a year": "yearly" });
const MOST_UPDATES = 1000;
/** The other rhythms to choose from. */
const PLAINLY = ["daily", "twice daily", "weekly", "monthly", "quarterly", "yearly", "hourly"];

/** Return the values of a movement's fields. @param {import("./types").AnyMovement} movement */
export function shapeOf(movement) {
  const { name, short_description, description, goal, free_misses, free_turns, counts_every_update } = movement;
  const interval = named(movement.interval);
  const days = /^P(\d+)D$/.exec(interval)?.[1];
  const times = goal?.of === "count" ? goal.at_least : 0;
  const within = Object.keys(WITHIN).find((it) => WITHIN[it] === interval);
  const plain = goal ? (within && times ? within : "") : days ? "days" : PLAINLY.includes(interval) ? interval : "";
  return {
    name,
    short_description,
    description,
    rhythm: plain || "kept",
    count: String(times || days || 3),
    kept: plain ? null : /** @type {Rhythm} */ ({ interval: movement.interval, goal }),
    free_misses: String(free_misses),
    free_turns: String(free_turns),
    counts_every_update,
  };
}

/**
 * Return the smallest and the largest number of each field that has one.
 * @param {Shape} values
 * @returns {Record<string, [number, number]>}
 */
export function bounds({ rhythm: chosen, counts_every_update: every, free_misses }) {
  const most = chosen in WITHIN && every ? MOST_UPDATES : COUNTED[chosen];
  return {
    ...(most && { count: [1, most] }),
    free_misses: [0, 30],
    ...(free_misses !== "0" && { free_turns: [1, 100] }),
  };
}

/**
 * @param {Shape} values
 * @returns {NewMovement}
 */
export function movementOf(values) {
  const { name, short_description, description, counts_every_update } = values;
  refuseNumbers(values);
  const misses = Number(values.free_misses);
  const free = misses ? { free_misses: misses, free_turns: Number(values.free_turns) } : {};
  return { name, short_description, description, counts_every_update, ...rhythmSent(values), ...free };
}

/** @param {Shape} values @returns {Rhythm} */
function rhythmSent({ rhythm: chosen, kept, count }) {
  if (chosen === "kept" && kept) return kept.goal ? kept : { interval: kept.interval };
  if (chosen === "days") return { interval: `P${Number(count)}D` };
  const interval = WITHIN[chosen];
  if (!interval) return { interval: chosen };
  return Number(count) > 1 ? { interval, goal: { of: "count", at_least: Number(count) } } : { interval };
}

/** An empty field is no number, and must not become one. @param {Shape} values */
function refuseNumbers(values) {
  const errors = Object.entries(bounds(values)).flatMap(([name, [minimum, maximum]]) => {
    const typed = String(values[/** @type {keyof Shape} */ (name)]).trim();
    const n = Number(typed);
    if (typed && Number.isInteger(n) && n >= minimum && n <= maximum) return [];
    const detail = t("Please use a whole number from {minimum} to {maximum}.", { minimum, maximum });
    return [{ pointer: `/${name}`, code: "", values: {}, detail }];
  });
  if (errors.length) throw new Refused({ status: 422, type: "/problems/invalid", message: "", errors });
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
