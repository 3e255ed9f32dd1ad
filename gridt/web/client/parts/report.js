// A sheet by which a member reports a movement or an update to the admins.
import { h, html } from "../library.js";
import { useForm } from "../forms.js";
import { t } from "../words.js";
import { choice } from "./choice.js";
import { field, main } from "./field.js";
import { refusal } from "./notice.js";
import { Sheet } from "./sheet.js";

/** @typedef {import("../types").Schemas["NewReport"]} NewReport */

/** @param {{send: (report: NewReport) => Promise<unknown>, close: () => void}} props */
export function Report({ send, close }) {
  const start = /** @type {Required<NewReport>} */ ({ reason: "", category: "other" });
  const form = useForm(start, send);
  const content = html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["reason", "category"])}
    ${choice(form, "category", t("What is it?"), [
      ["spam", t("Spam")],
      ["harassment", t("Harassment")],
      ["hate", t("Hate")],
      ["danger", t("Danger")],
      ["other", t("Something else")],
    ])}
    ${field(form, "reason", t("In your words"), {
      lines: 3,
      hint: t("The admins of this service read it. Other members do not."),
    })}
    ${main(form, t("Report"))}
    <button type="button" class="button" onClick=${close}>${t("Cancel")}</button>
  </form>`;
  return h(Sheet, { title: t("Report"), close, content });
}
