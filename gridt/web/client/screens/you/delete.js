// Delete the account: what goes, what stays, and the password.
import { html } from "../../library.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { refusal } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { call } from "../../service.js";
import { go } from "../../router.js";
import { leave } from "../../state.js";
import { t } from "../../words.js";

export function Delete() {
  const form = useForm(
    { password: "" },
    (values) =>
      call("delete", "/identity", {}, values)
        .then(() => leave(false))
        .then(() => go("/app", true)),
    { "wrong-credentials": "password" },
  );
  return frame(
    { title: t("Delete the account"), back: "/app/you" },
    html`<p>${t("Your name, your address, your updates and your streaks are deleted, and cannot be brought back.")}</p>
      <p>${t("Movements that you started stay, if others are members of them.")}</p>
      <p><a href="/app/you/data">${t("Export your data first")}</a></p>
      <form class="last" onSubmit=${form.submit} noValidate>
        ${refusal(form.problem, ["password"])}
        ${field(form, "password", t("Password"), { type: "password", autocomplete: "current-password" })}
        ${main(form, t("Delete the account for good"))}
      </form>`,
  );
}
