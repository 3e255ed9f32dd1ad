// Start a movement: a name, a sentence, how often.
import { html } from "../library.js";
import { main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { further, rhythmOf, texts } from "../parts/shaping.js";
import { useForm } from "../forms.js";
import { go } from "../router.js";
import { call } from "../service.js";
import { ELSEWHERE, FIELDS, PLAIN, movementOf } from "../shape.js";
import { changed } from "../state.js";
import { t } from "../words.js";

export function Start() {
  /** @param {typeof PLAIN} values */
  const send = async (values) => {
    const made = await call("post", "/movements", {}, movementOf(values));
    changed();
    go(`/app/m/${made.id}`, true);
  };
  const form = useForm(PLAIN, send, ELSEWHERE);
  return frame(
    { title: t("Start a movement"), back: "/app/find" },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, FIELDS)} ${texts(form)} ${rhythmOf(form)}
      <details>
        <summary>${t("More choices")}</summary>
        <div class="fields">${further(form)}</div>
      </details>
      ${main(form, t("Start"))}
      <p class="quiet">${t("Everybody on this service can find it and join.")}</p>
    </form>`,
  );
}
