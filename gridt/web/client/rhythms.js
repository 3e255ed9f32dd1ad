// How long ago something was, until when it lasts, and how often a movement is done.
import { date, dayFormat, spoken, t, time, tn } from "./words.js";

const STEPS = /** @type {const} */ ([
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
]);

/** @param {string} moment */
export function ago(moment) {
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  const format = new Intl.RelativeTimeFormat(spoken(), { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return format.format(-Math.floor(seconds / length), unit);
  }
  return t("just now");
}

/**
 * Return the number of days from today to the day of a moment.
 * @param {Date} moment
 */
function daysAhead(moment) {
  const day = dayFormat();
  return Math.round((Date.parse(day.format(moment)) - Date.parse(day.format(new Date()))) / 864e5);
}

/**
 * Return until when something lasts.
 * @param {string} end
 */
export function until(end) {
  const moment = new Date(end);
  const atMidnight = date(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (atMidnight === "00:00") {
    const last = new Date(moment.getTime() - 1000);
    const days = daysAhead(last);
    if (days === 0) return t("until the end of today");
    if (days === 1) return t("until the end of tomorrow");
    return t("until the end of {day}", { day: dayName(last, days) });
  }
  const days = daysAhead(moment);
  if (days === 0) return t("until {time}", { time: time(moment) });
  if (days === 1) return t("until {time} tomorrow", { time: time(moment) });
  return t("until {day}, {time}", { day: dayName(moment, days), time: time(moment) });
}

/**
 * @param {Date} moment
 * @param {number} days
 */
function dayName(moment, days) {
  if (days > 0 && days < 7) return date(moment, { weekday: "long" });
  return date(moment, { day: "numeric", month: "long" });
}

/** @type {Record<string, () => string>} */
const EVERY = {
  hourly: () => t("every hour"),
  "twice daily": () => t("twice a day"),
  daily: () => t("every day"),
  weekly: () => t("every week"),
  monthly: () => t("every month"),
  quarterly: () => t("every three months"),
  yearly: () => t("every year"),
};

/** @type {Record<string, (n: number) => string>} */
const TIMES = {
  daily: (n) => tn("once a day", "{n} times a day", n),
  weekly: (n) => tn("once a week", "{n} times a week", n),
  monthly: (n) => tn("once a month", "{n} times a month", n),
  quarterly: (n) => tn("once in three months", "{n} times in three months", n),
  yearly: (n) => tn("once a year", "{n} times a year", n),
};

/** @type {Record<string, string>} intervals of movements with a goal, which the service spells out */
const NAMED = {
  PT1H: "hourly",
  PT12H: "twice daily",
  P1D: "daily",
  P7D: "weekly",
  P1M: "monthly",
  P3M: "quarterly",
  P1Y: "yearly",
};

export const named = (/** @type {string} */ interval) => NAMED[interval] ?? interval;

/**
 * Return how often a movement is done, such as "every 2 days" or "3 times a week".
 * @param {{interval: string, goal?: {at_least: number} | null}} movement
 */
export function rhythm({ interval: written, goal }) {
  const interval = named(written);
  const times = goal && TIMES[interval];
  if (times) return times(goal.at_least);
  const every = EVERY[interval]?.() ?? duration(interval);
  if (!goal) return every;
  return tn("once, {every}", "{n} times, {every}", goal.at_least, { every });
}

/** @param {string} interval */
function duration(interval) {
  const parts = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:\d+S)?)?$/.exec(interval);
  if (!parts) return interval;
  const [weeks, days, hours, minutes] = parts.slice(1).map((part) => Number(part ?? 0));
  if (weeks) return tn("every week", "every {n} weeks", weeks);
  if (days && days % 7 === 0) return tn("every week", "every {n} weeks", days / 7);
  if (days) return tn("every day", "every {n} days", days);
  if (hours) return tn("every hour", "every {n} hours", hours);
  return tn("every minute", "every {n} minutes", minutes ?? 0);
}

/**
 * Return how far the turn of a movement with a goal is, such as "2 of 3 this week".
 * @param {{interval: string}} movement
 * @param {number} n
 * @param {number} goal
 */
export function progress({ interval: written }, n, goal) {
  const interval = named(written);
  const values = { n, goal };
  if (interval === "daily") return t("{n} of {goal} today", values);
  if (interval === "weekly") return t("{n} of {goal} this week", values);
  if (interval === "monthly") return t("{n} of {goal} this month", values);
  if (interval === "yearly") return t("{n} of {goal} this year", values);
  return t("{n} of {goal} this turn", values);
}
