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
/** What people read in place of the service's English where that is for programs. @type {Catalogue} */
const ENGLISH = {
  "problem:invalid": "This is not right yet. {wrong}",
  "refusal:missing": "Please fill this in.",
  "refusal:empty": "Please fill this in.",
  "refusal:blank": "Please fill this in.",
  "refusal:not-an-integer": "Please use a whole number.",
  "refusal:not-a-moment": "This must be a day and a time, such as 2027-01-04T09:00.",
  "refusal:not-a-day-or-moment": "This must be a day, such as 2027-01-04.",
  "refusal:no-offset": "The time zone is missing, such as +01:00.",
  "refusal:past": "Please choose a day in the future.",
  "refusal:too-far-ahead": "Please choose a day at most {maximum} days ahead.",
  "refusal:too-small": "Please use {minimum} or more.",
  "refusal:too-large": "Please use {maximum} or less.",
  "refusal:not-a-time-zone": "This place is not known here. Please choose one of the list, such as Europe/Amsterdam.",
  "refusal:streak-cannot-end": "Please use less than the number of turns below, or no streak would ever end.",
  "refusal:goal-out-of-reach": "Please use {maximum} or less: a turn has no more days. More is possible if every update counts.",
};
/** @type {Catalogue} */
let catalogue = ENGLISH;
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
  catalogue = read?.default ?? ENGLISH;
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
  return sentence.replace(/\{(\w+)\}/g, (hole, name) => apart(String(values[name] ?? hole)));
}

/** Keep the direction of a name from the sentence around it: a text from the right, or with marks. */
const apart = (/** @type {string} */ text) =>
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text;

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

/** Return what writes a day by the account's clock as the service does, such as 2027-01-31. */
export const dayFormat = () => new Intl.DateTimeFormat("en-CA", { timeZone: zone });
