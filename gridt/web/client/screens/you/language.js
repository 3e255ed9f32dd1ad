// The language of the app and of mails, whether streaks are shown, and what notifications name.
import { h, html } from "../../library.js";
import { choice, toggle } from "../../parts/choice.js";
import { main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { refusal, waiting } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { call } from "../../service.js";
import { bar, changed, today } from "../../state.js";
import { LANGUAGES, speak, t } from "../../words.js";

/** @typedef {import("../../types").Today["identity"]} Identity */
/** @typedef {NonNullable<import("../../types").Schemas["MyAccountPatch"]["language"]>} Language */

export function Languages() {
  const identity = today.value?.identity;
  if (!identity) return frame({ title: t("Language and display"), back: "/app/you" }, waiting());
  return h(LanguageForm, { identity });
}

/** @param {{identity: Identity}} props */
function LanguageForm({ identity }) {
  const start = { language: identity.language, hides_streaks: identity.hides_streaks, discreet: identity.discreet };
  const form = useForm(start, ({ language, ...rest }) =>
    call("patch", "/identity", {}, { ...rest, language: /** @type {Language} */ (language) })
      .then(() => speak(language))
      .then(() => {
        changed();
        bar.value = { text: t("Saved.") };
      }),
  );
  const names = /** @type {[string, string][]} */ (
    Object.entries(LANGUAGES).map(([code, { name }]) => [code, name])
  );
  return frame(
    { title: t("Language and display"), back: "/app/you" },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["language", "hides_streaks", "discreet"])}
      ${choice(form, "language", t("Language"), names)}
      ${toggle(form, "hides_streaks", t("Hide streaks"), t("You then see how much you did lately, and no rows of turns."))}
      ${toggle(form, "discreet", t("Discreet notifications"), t("A notification then names no movement and no member. It only says that something is open, so that others who see your screen learn nothing."))}
      ${main(form, t("Save"))}
    </form>`,
  );
}
