// Choose a new password, with the token of a mail.
import { html, useState } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../forms.js";
import { call } from "../service.js";
import { leave } from "../state.js";
import { tokenOfLink } from "../token.js";
import { t } from "../words.js";

export function ResetPassword() {
  const [start] = useState(() => ({ token: tokenOfLink(), password: "" }));
  const [done, setDone] = useState(false);
  const form = useForm(start, (values) =>
    call("post", "/user/reset_password/confirm", {}, values).then(() => {
      setDone(true);
      void leave(false);
    }),
  );
  const head = { title: t("Choose a new password"), bare: true };
  if (done) {
    return frame(
      head,
      html`<p class="notice done" role="status">${t("You have a new password. All devices are logged out.")}</p>
        <p><a class="button main" href="/app">${t("Log in")}</a></p>`,
    );
  }
  return frame(
    head,
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, ["password"])}
      ${form.problem?.type === "/problems/invalid-mail-token" &&
      html`<p>
        ${t("A link works once, for two hours.")} <a href="/app/forgot">${t("Ask for a new link")}</a>
      </p>`}
      ${!start.token && field(form, "token", t("Code of the mail"), { autocomplete: "off" })}
      ${field(form, "password", t("New password"), {
        type: "password",
        autocomplete: "new-password",
        hint: t("At least 8 characters."),
      })}
      ${main(form, t("Save the password"))}
    </form>`,
  );
}
