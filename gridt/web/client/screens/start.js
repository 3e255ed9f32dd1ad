// Start a movement: a name, a sentence, how often.
import { html } from "../library.js";
import { choice, toggle } from "../parts/choice.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../reading.js";
import { rhythm } from "../rhythms.js";
import { go } from "../router.js";
import { call } from "../service.js";
import { changed } from "../state.js";
import { t } from "../words.js";

/** @typedef {import("../types").Schemas["NewMovement"]} NewMovement */

const START = {
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
const FIELDS = ["name", "short_description", "description", "interval", "goal", "free_misses", "free_turns"];
/** intervals in which a turn may ask for several days */
const COUNTED = ["weekly", "monthly", "quarterly", "yearly"];

export function Start() {
  const form = useForm(START, (values) =>
    call("post", "/movements", {}, movementOf(values)).then((made) => {
      changed();
      go(`/app/m/${made.id}`, true);
    }),
  );
  const { values } = form;
  const every = /** @type {[string, string][]} */ (
    ["daily", "twice daily", "weekly", "monthly", "quarterly", "yearly", "hourly"].map((interval) => [
      interval,
      rhythm({ interval }),
    ])
  );
  const counted = COUNTED.includes(values.interval);
  return frame(
    { title: t("Start a movement"), back: "/app/find" },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, FIELDS)}
      ${field(form, "name", t("Name"), { hint: t("Such as “Floss every day”."), autocomplete: "off" })}
      ${field(form, "short_description", t("In a sentence"), { autocomplete: "off" })}
      ${choice(form, "interval", t("How often"), [...every, ["other", t("every few days")]])}
      ${values.interval === "other" &&
      field(form, "days", t("Every how many days"), { type: "number", inputmode: "numeric", min: 1, max: 365 })}
      ${counted &&
      field(form, "times", t("How many times"), {
        type: "number",
        inputmode: "numeric",
        min: 1,
        hint: t("On how many days of each turn, such as 3 days a week."),
      })}
      ${form.error("goal") && html`<p class="wrong" role="alert">${form.error("goal")}</p>`}
      <details>
        <summary>${t("More choices")}</summary>
        <div class="fields">
          ${field(form, "description", t("More about it"), { lines: 4 })}
          ${field(form, "free_misses", t("Misses that do not end a streak"), {
            type: "number",
            inputmode: "numeric",
            min: 0,
          })}
          ${values.free_misses !== "0" &&
          field(form, "free_turns", t("In how many turns in a row"), {
            type: "number",
            inputmode: "numeric",
            min: 1,
          })}
          ${toggle(form, "counts_every_update", t("Count every update"), t("More than one in a turn is kept."))}
        </div>
      </details>
      ${main(form, t("Start"))}
      <p class="quiet">${t("Everybody on this service can find it and join.")}</p>
    </form>`,
  );
}

/**
 * @param {typeof START} values
 * @returns {NewMovement}
 */
function movementOf(values) {
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
  if (COUNTED.includes(values.interval) && times > 1) {
    movement.goal = { of: "count", at_least: times };
  }
  return movement;
}
