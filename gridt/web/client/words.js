// Sentences, and times by the account's clock. English is the key of each sentence.
import { signal } from "./library.js";

/** The languages of the app: what each calls itself, and its words. English needs none. */
/** @type {Record<string, {name: string, read?: () => Promise<{default: Catalogue}>}>} */
export const LANGUAGES = {
  en: { name: "English" },
  nl: { name: "Nederlands", read: () => import("./words/nl.js") },
  de: { name: "Deutsch", read: () => import("./words/de.js") },
};

/** @typedef {Record<string, string | Record<string, string>>} Catalogue */
/** @type {Catalogue} */
let catalogue = {};
/** What reads it is drawn again in another language. */
const language = signal(/** @type {"en" | "nl" | "de"} */ ("en"));
/** The language with the device's country, for the form of dates. */
let locale = "en";
let zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Use a language, if the app has it; or else one of the device's.
 * @param {string | undefined} wanted
 */
export async function speak(wanted) {
  const wishes = [wanted, ...navigator.languages, "en"].map((it) => it?.slice(0, 2) ?? "");
  const chosen = wishes.find((it) => it in LANGUAGES) ?? "en";
  // without a network, English is better than nothing
  const read = await LANGUAGES[chosen]?.read?.().catch(() => null);
  const known = /** @type {typeof language.value} */ (read === null ? "en" : chosen);
  catalogue = read?.default ?? {};
  locale = navigator.languages.find((it) => it.startsWith(known)) ?? known;
  document.documentElement.lang = known;
  language.value = known;
}

export const spoken = () => language.value;

export const formats = () => locale;

/** @param {string} name */
export function tellTimesIn(name) {
  zone = name;
}

/**
 * Return a sentence in the member's language, its holes filled.
 * @param {string} english
 * @param {Record<string, string | number>} [values]
 */
export function t(english, values) {
  const words = language.value && catalogue[english];
  return fill(typeof words === "string" ? words : english, values);
}

/**
 * Return the sentence for a number of things.
 * @param {string} one
 * @param {string} other
 * @param {number} n
 * @param {Record<string, string | number>} [values]
 */
export function tn(one, other, n, values) {
  const words = catalogue[other];
  const forms = typeof words === "object" ? words : { one, other };
  const form = forms[new Intl.PluralRules(language.value).select(n)] ?? forms.other ?? other;
  return fill(form, { n: new Intl.NumberFormat(locale).format(n), ...values });
}

/**
 * @param {string} sentence
 * @param {Record<string, string | number>} [values]
 */
function fill(sentence, values = {}) {
  return sentence.replace(/\{(\w+)\}/g, (hole, name) => String(values[name] ?? hole));
}

/**
 * Return the sentence about a problem. Its type is the key; the service's English is the last resort.
 * @param {import("./types").Problem} problem
 */
export function sentence({ status, type, message, errors }) {
  if (status === 0) return navigator.onLine ? t("The service cannot be reached. Are you online?") : t("You are offline.");
  const words = catalogue[type.replace("/problems/", "problem:")] ?? catalogue[`status:${status}`];
  const first = errors?.[0];
  if (typeof words === "string") return fill(words, { wrong: first ? about(first) : "" });
  return message || t("The service did not answer as expected.");
}

/**
 * Return the sentence about what is wrong with a part of a request.
 * @param {Partial<Pick<import("./types").Refusal, "code" | "detail" | "values">>} refusal
 */
export function about({ code, detail = "", values = {} }) {
  const words = catalogue[`refusal:${code}`];
  if (typeof words !== "string") return detail;
  const spelled = Object.entries(values).map(([name, value]) => [name, [value].flat().join(", ")]);
  return fill(words, Object.fromEntries(spelled));
}

/**
 * @param {string | number | Date} moment
 * @param {Intl.DateTimeFormatOptions} [parts]
 */
export function date(moment, parts = { weekday: "long", day: "numeric", month: "long" }) {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, ...parts }).format(new Date(moment));
}

/** @param {string | number | Date} moment */
export function time(moment) {
  return date(moment, { hour: "numeric", minute: "2-digit" });
}

/**
 * Return the number of days from today to the day of a moment.
 * @param {Date} moment
 */
function daysAhead(moment) {
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
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
