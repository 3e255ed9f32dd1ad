// Name, bio, password and e-mail address.
import { h, html } from "../../library.js";
import { act } from "../../acts.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { attention, refusal, waiting } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { call } from "../../service.js";
import { bar, changed, today } from "../../state.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Identity} Identity */

export function Account() {
  const title = t("Name, password and e-mail");
  const identity = today.value?.identity;
  if (!identity) return frame({ title, back: "/app/you" }, waiting());
  const confirm = () =>
    act(call("post", "/user/confirm_email/request"), t("A mail is on its way to {email}.", { email: identity.email }));
  const ask = html`<button type="button" class="button" onClick=${confirm}>${t("Send me a link")}</button>`;
  return frame(
    { title, back: "/app/you" },
    !identity.email_confirmed &&
      attention(t("Your address {email} is not confirmed.", { email: identity.email }), ask),
    h(Name, { identity }),
    html`<h2>${t("Password")}</h2>`,
    h(Password, {}),
    html`<h2>${t("E-mail")}</h2>
      <p class="quiet">${identity.email}</p>`,
    h(Email, {}),
  );
}

/** @param {{identity: Identity}} props */
function Name({ identity }) {
  const { username, bio } = identity;
  const form = useForm({ username, bio }, (values) =>
    call("patch", "/identity", {}, values).then(() => said(t("Saved."))),
  );
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["username", "bio"])}
    ${field(form, "username", t("Username"), { autocomplete: "username", autocapitalize: "none" })}
    ${field(form, "bio", t("About you"), { lines: 3, hint: t("Members whom you lead or follow see it.") })}
    ${main(form, t("Save"))}
  </form>`;
}

function Password() {
  const start = { old_password: "", new_password: "" };
  const send = (/** @type {typeof start} */ values) =>
    call("post", "/user/change_password", {}, values).then(() => {
      form.put(start);
      said(t("Your password is changed."));
    });
  const form = useForm(start, send, { "wrong-credentials": "old_password" });
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["old_password", "new_password"])}
    ${field(form, "old_password", t("Present password"), { type: "password", autocomplete: "current-password" })}
    ${field(form, "new_password", t("New password"), {
      type: "password",
      autocomplete: "new-password",
      hint: t("At least 8 characters. Your other devices are logged out."),
    })}
    ${main(form, t("Change the password"))}
  </form>`;
}

function Email() {
  const start = { new_email: "", password: "" };
  const send = (/** @type {typeof start} */ values) =>
    call("post", "/user/change_email/request", {}, values).then(() => {
      form.put(start);
      said(t("A mail is on its way to {email}.", { email: values.new_email }));
    });
  const form = useForm(start, send, { "wrong-credentials": "password", "email-taken": "new_email" });
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["new_email", "password"])}
    ${field(form, "new_email", t("New address"), {
      type: "email",
      autocomplete: "email",
      hint: t("A mail goes there. The address changes when you open its link."),
    })}
    ${field(form, "password", t("Password"), { type: "password", autocomplete: "current-password" })}
    ${main(form, t("Move to this address"))}
  </form>`;
}

/** @param {string} words */
function said(words) {
  changed();
  bar.value = { text: words };
}
