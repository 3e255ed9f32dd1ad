// The clock by which a member's turns begin and end.
import { h, html } from "../../library.js";
import { field, list, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { refusal, waiting } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { call } from "../../service.js";
import { bar, changed, today } from "../../state.js";
import { date, t } from "../../words.js";

/** @typedef {NonNullable<import("../../types").Schemas["MyAccountPatch"]["week_starts_on"]>} Weekday */

/** Monday to Sunday of some week */
const WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

export function Clock() {
  const identity = today.value?.identity;
  if (!identity) return frame({ title: t("Clock"), back: "/app/you" }, waiting());
  return h(ClockForm, { identity });
}

/** @param {{identity: import("../../types").Identity}} props */
function ClockForm({ identity }) {
  const { time_zone, day_starts_at, week_starts_on } = identity;
  const form = useForm({ time_zone, day_starts_at, week_starts_on }, (values) =>
    call("patch", "/identity", {}, { ...values, week_starts_on: /** @type {Weekday} */ (values.week_starts_on) }).then(
      () => {
        changed();
        bar.value = { text: t("Saved.") };
      },
    ),
  );
  const days = /** @type {[string, string][]} */ (
    WEEK.map((name, at) => [name, date(`2024-01-0${at + 1}T12:00:00Z`, { weekday: "long", timeZone: "UTC" })])
  );
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const use = () => form.put({ time_zone: here });
  return frame(
    { title: t("Clock"), back: "/app/you" },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["time_zone", "day_starts_at", "week_starts_on"])}
      ${field(form, "time_zone", t("Time zone"), {
        list: "zones",
        autocomplete: "off",
        spellcheck: false,
        hint: t("A large city with your time, such as Europe/Amsterdam."),
      })}
      <datalist id="zones">
        ${Intl.supportedValuesOf("timeZone").map((zone) => html`<option key=${zone} value=${zone}></option>`)}
      </datalist>
      ${here !== form.values.time_zone &&
      html`<p>
        <button type="button" class="button" onClick=${use}>
          ${t("Use this device's: {here}", { here })}
        </button>
      </p>`}
      ${field(form, "day_starts_at", t("A day begins at"), {
        type: "time",
        hint: t("At 4:00, for example, half past one at night still counts for the day before."),
      })}
      ${list(form, "week_starts_on", t("A week begins on"), days)} ${main(form, t("Save"))}
    </form>`,
  );
}
