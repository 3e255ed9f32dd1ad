// The door: log in, or open an account.
import { html } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../reading.js";
import { choose, logIn } from "../state.js";
import { keeping } from "../store.js";
import { LANGUAGES, spoken, t } from "../words.js";
import { brand } from "../parts/brand.js";

export function Door() {
  const form = useForm({ username: "", password: "" }, ({ username, password }) =>
    logIn(username.trim(), password),
  );
  return frame(
    { bare: true },
    html`<div class="door">
      ${brand()}
      <form onSubmit=${form.submit} noValidate>
        ${refusal(form.problem, ["username", "password"])}
        ${field(form, "username", t("Username or e-mail"), {
          autocomplete: "username",
          autocapitalize: "none",
          spellcheck: false,
        })}
        ${field(form, "password", t("Password"), {
          type: "password",
          autocomplete: "current-password",
        })}
        ${main(form, t("Log in"))}
      </form>
      ${keeping.lasts ? null : html`<p class="quiet">${t("This browser keeps nothing: you will be asked to log in again.")}</p>`}
      <p><a href="/app/forgot">${t("Forgot your password?")}</a></p>
      <p><a class="button" href="/app/register">${t("Open an account")}</a></p>
      ${languages()}
    </div>`,
  );
}

/** The languages of the app, each by its own name. */
function languages() {
  return html`<div class="languages" role="group" aria-label=${t("Language")}>
    ${Object.entries(LANGUAGES).map(
      ([code, { name }]) => html`<button
        key=${code}
        type="button"
        class="small words"
        lang=${code}
        aria-pressed=${String(code === spoken())}
        onClick=${() => void choose(code)}
      >${name}</button>`,
    )}
  </div>`;
}
