// Ask for a mail by which one can choose a new password.
import { html, useState } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../forms.js";
import { call } from "../service.js";
import { t } from "../words.js";

export function Forgot() {
  const [sent, setSent] = useState(false);
  const form = useForm({ email: "" }, ({ email }) =>
    call("post", "/user/reset_password/request", {}, { email: email.trim() }).then(() => setSent(true)),
  );
  const head = { title: t("Forgot your password?"), back: "/app", bare: true };
  if (sent) {
    const words = t("If this address has an account, a mail is on its way to it. Its link works once, for two hours.");
    return frame(head, html`<p class="notice done" role="status">${words}</p>`);
  }
  return frame(
    head,
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["email"])}
      <p>${t("We send a link to the address of your account.")}</p>
      ${field(form, "email", t("E-mail"), { type: "email", autocomplete: "email" })}
      ${main(form, t("Send me a link"))}
    </form>`,
  );
}
