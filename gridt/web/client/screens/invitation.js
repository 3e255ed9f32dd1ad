// A link with an invitation: a new person registers with it, and a member accepts it.
import { h, html, useEffect, useState } from "../library.js";
import { field, main } from "../parts/field.js";
import { frame } from "../parts/frame.js";
import { refusal, waiting } from "../parts/notice.js";
import { refused, useForm } from "../forms.js";
import { call } from "../service.js";
import { me } from "../state.js";
import { tokenOfLink } from "../token.js";
import { t } from "../words.js";
import { logIn } from "./door.js";
import { Register, invited } from "./register.js";

/** @typedef {import("../types").Schemas["Offer"]} Offer */
/** @typedef {import("../types").Problem} Problem */

export function Invitation() {
  const [token] = useState(tokenOfLink);
  const [offer, setOffer] = useState(/** @type {Offer | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [hasAccount, setHasAccount] = useState(false);
  useEffect(() => {
    if (token) call("post", "/invitations/look", {}, { token }).then(setOffer, refused(setProblem));
  }, []);
  if (me.value !== null) {
    return outside(offer ? h(Accept, { offer, token }) : problem || !token ? refusal(problem ?? unknown()) : waiting());
  }
  if (hasAccount) return outside(offer && invited(offer), h(LogIn, {}));
  if (!token || (!offer && !problem)) return token ? outside(waiting()) : h(Register, { token });
  const way = html`<p>
    <button type="button" class="button" onClick=${() => setHasAccount(true)}>${t("I have an account")}</button>
  </p>`;
  return h(Register, { token, offer, problem, aside: offer?.group ? way : null });
}

/** @param {...import("../library").Child} content */
const outside = (...content) => frame({ title: t("The invitation"), back: "/app", bare: true }, ...content);

/** What an address without a code comes to. @returns {Problem} */
const unknown = () => ({ status: 404, type: "/problems/invitation-not-found", message: "" });

/** For a member, who presses a button to join. @param {{offer: Offer, token: string}} props */
function Accept({ offer, token }) {
  const [joined, setJoined] = useState(false);
  const form = useForm({ token }, (values) => call("post", "/invitations/accept", {}, values).then(() => setJoined(true)));
  const { group } = offer;
  const today = html`<p><a class="button main" href="/app">${t("Go to Today")}</a></p>`;
  if (!group) return html`<p class="notice">${t("This invitation opens an account, and you have one.")}</p>${today}`;
  if (joined) return html`<p class="notice done" role="status">${t("You have joined {group}.", { group: group.name })}</p>${today}`;
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem)} ${invited(offer)} ${main(form, t("Join the group"))}
  </form>`;
}

function LogIn() {
  const form = useForm({ username: "", password: "" }, ({ username, password }) => logIn(username.trim(), password));
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["username", "password"])}
    ${field(form, "username", t("Username or e-mail"), {
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: false,
    })}
    ${field(form, "password", t("Password"), { type: "password", autocomplete: "current-password" })}
    ${main(form, t("Log in"))}
  </form>`;
}
