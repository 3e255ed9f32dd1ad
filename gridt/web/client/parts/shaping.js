// The fields by which a movement is started and edited.
import { html } from "../library.js";
import { rhythm } from "../rhythms.js";
import { COUNTED, bounds } from "../shape.js";
import { t } from "../words.js";
import { choice, toggle } from "./choice.js";
import { field } from "./field.js";

/** @typedef {import("../shape").Shape} Shape */

/** @returns {Record<string, string>} */
function words() {
  return {
    daily: t("every day"),
    "in a week": t("several times a week"),
    weekly: t("every week"),
    days: t("every few days"),
    "in a month": t("several times a month"),
    monthly: t("every month"),
    "twice daily": t("twice a day"),
    hourly: t("every hour"),
    quarterly: t("every three months"),
    "in a year": t("several times a year"),
    yearly: t("every year"),
  };
}

/** @param {import("../types").Form<Shape>} form */
export function texts(form) {
  return html`${field(form, "name", t("Name"), { hint: t("Such as “Floss every day”."), autocomplete: "off" })}
  ${field(form, "short_description", t("In a sentence"), { autocomplete: "off" })}`;
}

/** @param {import("../types").Form<Shape>} form */
export function rhythmOf(form) {
  const { rhythm: chosen, kept, counts_every_update: every } = form.values;
  const options = Object.entries(words());
  if (kept) options.unshift(["kept", rhythm(kept)]);
  const most = COUNTED[chosen];
  /** @type {Record<string, string>} */
  const labels = {
    days: t("Every how many days"),
    "in a week": t("How many times a week"),
    "in a month": t("How many times a month"),
    "in a year": t("How many times a year"),
  };
  const hint = chosen === "days" ? "" : every ? t("Each update counts.") : t("One update a day counts.");
  return html`${choice(form, "rhythm", t("How often"), options)}
  ${most && number(form, "count", labels[chosen] ?? "", 1, bounds(form.values).count?.[1] ?? most, hint)}`;
}

/**
 * @param {import("../types").Form<Shape>} form @param {keyof Shape & string} name
 * @param {string} label @param {number} min @param {number} max @param {string} [hint]
 */
function number(form, name, label, min, max, hint) {
  return field(form, name, label, { type: "number", inputmode: "numeric", min, max, ...(hint && { hint }) });
}

/** @param {import("../types").Form<Shape>} form */
export function further(form) {
  return html`${field(form, "description", t("More about it"), { lines: 4 })}
  ${number(form, "free_misses", t("Misses that do not end a streak"), 0, 30)}
  ${form.values.free_misses !== "0" && number(form, "free_turns", t("In how many turns in a row"), 1, 100)}
  ${toggle(form, "counts_every_update", t("Count every update"), t("More than one in a turn is kept."))}`;
}
