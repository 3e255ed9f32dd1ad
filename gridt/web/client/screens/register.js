// Open an account. Its clock and its language are those of the device, unless changed later.
import { html, useState } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { empty, refusal } from "../parts/notice.js";
import { useForm } from "../forms.js";
import { useRead } from "../reading.js";
import { go } from "../router.js";
import { until } from "../rhythms.js";
import { call } from "../service.js";
import { spoken, t } from "../words.js";
import { logIn } from "./door.js";

/** @typedef {import("../types").Schemas["Offer"]} Offer */

const FIELDS = ["username", "email", "password", "invitation"];

/**
 * @param {{
 *   token?: string,
 *   offer?: Offer | null,
 *   problem?: import("../types").Problem | null,
 *   aside?: import("../library").Child,
 * }} props the code of a link, what it offers, and another way for those who have an account
 */
export function Register({ token = "", offer, problem, aside }) {
  const about = useRead("/");
  const [start] = useState(() => ({ username: "", email: "", password: "", invitation: token }));
  const form = useForm(start, register);
  const how = about.data?.registration;
  if (how === "closed") {
    const words = t("This service opens no accounts by itself. Please ask the person who runs it.");
    return frame({ title: t("Open an account"), back: "/app", bare: true }, empty(words, aside));
  }
  const needsCode = how === "invite" || form.values.invitation !== "";
  return frame(
    { title: t("Open an account"), back: "/app", bare: true },
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem ?? problem ?? null, FIELDS)} ${offer && invited(offer)} ${aside}
      ${field(form, "username", t("Username"), {
        autocomplete: "username",
        autocapitalize: "none",
        spellcheck: false,
        hint: t("The people whom you lead see it."),
      })}
      ${field(form, "email", t("E-mail"), {
        type: "email",
        autocomplete: "email",
        hint: t("For a new password, if you ever need one. Other members never see it."),
      })}
      ${field(form, "password", t("Password"), {
        type: "password",
        autocomplete: "new-password",
        hint: t("At least 8 characters."),
      })}
      ${needsCode && field(form, "invitation", t("Invitation code"), { autocomplete: "off" })}
      ${main(form, t("Open the account"))}
      <p class="quiet">${t("Your day follows the clock of {zone}. You can change that later.", { zone: zone() })}</p>
    </form>`,
  );
}

/** @param {Offer} offer */
export function invited({ expires_at, email_hint, group, organisation }) {
  const names = { group: group?.name ?? "", organisation: organisation?.name ?? "", until: until(expires_at) };
  const into = group?.id === organisation?.id
    ? t("You are invited into {group}, {until}.", names)
    : t("You are invited into {group} of {organisation}, {until}.", names);
  const words = group ? into : email_hint
    ? t("You are invited at {address}, {until}.", { address: email_hint, until: until(expires_at) })
    : t("You are invited, {until}.", { until: until(expires_at) });
  return html`<p class="notice done">${words}</p>`;
}

/** @param {{username: string, email: string, password: string, invitation: string}} values */
function register({ username, email, password, invitation }) {
  const code = invitation.trim();
  const account = { username, email, password, time_zone: zone(), language: spoken() };
  return call("post", "/register", {}, code ? { ...account, invitation: code } : account)
    .then(() => logIn(username, password))
    .then(() => go("/app/find", true));
}

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
