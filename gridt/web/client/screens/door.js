// The door: log in, or open an account.
import { batch, h, html } from "../library.js";
import { field, main } from "../parts/field.js";
import { Heading, frame } from "../parts/frame.js";
import { refusal } from "../parts/notice.js";
import { useForm } from "../forms.js";
import { call, session } from "../service.js";
import { channel, me, readQueue, readToday, today } from "../state.js";
import { forget, keep, keeping } from "../store.js";
import { LANGUAGES, speak, spoken, t, tellTimesIn } from "../words.js";

const ICON = new URL("../icon.svg", import.meta.url).pathname;

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

/** The name, its sign, and what it is about. */
function brand() {
  const about = t("Choose something that you want to keep at. You see when four others do it, and others see when you do: that keeps you going.");
  return html`<header class="brand">
    <img src=${ICON} alt="" width="72" height="72" />
    ${h(Heading, { title: "gridt" })}
    <p class="quiet">${t("Do it together, four at a time.")}</p>
    <p class="about">${about}</p>
  </header>`;
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

/**
 * @param {string} username
 * @param {string} password
 */
export async function logIn(username, password) {
  const answer = await call("post", "/auth/session", {}, { username, password });
  await forget();
  session.key = answer.key;
  const { id, language } = answer.identity;
  await speak(language);
  tellTimesIn(answer.identity.time_zone);
  const known = { key: answer.key, user: id, language, renewed: Date.now(), secure: answer.secure };
  await keep("me", "me", known);
  batch(() => {
    today.value = null;
    me.value = known;
  });
  await readQueue();
  // the session before this one is over, and tabs at the door have this one
  for (const word of ["out", "changed"]) channel?.postMessage(word);
  await readToday();
}

/**
 * Use the language that a visitor chose. An account has its own.
 * @param {string} language
 */
async function choose(language) {
  await speak(language);
  await keep("seen", "language", language);
}
