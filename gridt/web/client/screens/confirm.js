// Confirm an address, or move to another one, with the token of a mail.
import { html, useState } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../forms.js";
import { call } from "../service.js";
import { changed } from "../state.js";
import { tokenOfLink } from "../token.js";
import { t } from "../words.js";

export function Confirm() {
  const [start] = useState(() => ({ token: tokenOfLink() }));
  const [done, setDone] = useState(false);
  const moves = location.pathname.endsWith("/change-email");
  const form = useForm(start, (values) =>
    (moves
      ? call("post", "/user/change_email/confirm", {}, values)
      : call("post", "/user/confirm_email/confirm", {}, values)
    ).then(() => {
      setDone(true);
      changed();
    }),
  );
  const title = moves ? t("Move to a new address") : t("Confirm your address");
  const words = moves ? t("Your account has its new address.") : t("Your address is confirmed.");
  if (done) {
    return frame(
      { title, bare: true },
      html`<p class="notice done" role="status">${words}</p>
        <p><a class="button main" href="/app">${t("Go to Today")}</a></p>`,
    );
  }
  // a mail program that opens links must not confirm anything: that takes a press
  return frame(
    { title, bare: true },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem)} ${form.problem?.type === "/problems/invalid-mail-token" && further(moves)}
      ${!start.token && field(form, "token", t("Code of the mail"), { autocomplete: "off" })}
      ${main(form, moves ? t("Use the new address") : t("Confirm the address"))}
    </form>`,
  );
}

/** Say what to do with a link that does not work any more. @param {boolean} moves */
function further(moves) {
  const words = moves
    ? t("A link works once, for a limited time. You can ask for another mail where you enter the new address.")
    : t("A link works once, for a limited time. You can ask for another mail with your account's address.");
  return html`<p>${words} <a href="/app/you/account">${t("Name, password and e-mail")}</a></p>`;
}
