// Make an invitation, and pass its code on: it is shown this once.
import { h, html, useState } from "../../library.js";
import { choice } from "../../parts/choice.js";
import { Copied } from "../../parts/copied.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { refusal } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { useRead } from "../../reading.js";
import { call, clock } from "../../service.js";
import { until } from "../../rhythms.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["InvitationMade"]} Made */

const START = { label: "", email: "", max_uses: "1", days: "7" };
const FIELDS = ["label", "email", "max_uses", "expires_at"];

export function Invite() {
  const about = useRead("/");
  const [made, setMade] = useState(/** @type {Made | null} */ (null));
  const form = useForm(START, (values) => call("post", "/admin/invitations", {}, invitationOf(values)).then(setMade));
  const back = "/app/admin/invitations";
  if (made) return frame({ title: t("The invitation"), back }, shown(made));
  const lengths = /** @type {[string, string][]} */ ([
    ["1", t("a day")],
    ["7", t("a week")],
    ["30", t("a month")],
    ["90", t("three months")],
  ]);
  return frame(
    { title: t("Invite people"), back },
    about.data?.registration === "closed" &&
      html`<p class="notice">${t("Registration is closed on this service, with an invitation too. The person who runs it can change that.")}</p>`,
    html`<form onSubmit=${form.submit} noValidate>
      ${refusal(form.problem, FIELDS)}
      ${field(form, "label", t("Note"), { autocomplete: "off", hint: t("For whom it is. Only admins see it.") })}
      ${choice(form, "days", t("For how long"), lengths)}
      ${form.error("expires_at") && html`<p class="wrong" role="alert">${form.error("expires_at")}</p>`}
      ${field(form, "email", t("For an e-mail address"), {
        type: "email",
        autocomplete: "off",
        hint: t("Only this address can register, once. You may leave it empty. No mail is sent."),
      })}
      ${!form.values.email.trim() &&
      field(form, "max_uses", t("For how many people"), { type: "number", inputmode: "numeric", min: 1, max: 1000 })}
      ${main(form, t("Make the invitation"))}
    </form>`,
  );
}

/** @param {typeof START} values */
function invitationOf({ label, email, max_uses, days }) {
  // a minute less: the service allows no more than the longest time
  const end = Date.now() + clock.offset + Number(days) * 864e5 - 60_000;
  const address = email.trim();
  const invitation = { label, expires_at: new Date(end).toISOString() };
  return address ? { ...invitation, email: address } : { ...invitation, max_uses: Number(max_uses) };
}

/** @param {Made} made */
function shown({ token, email, expires_at }) {
  const link = `${location.origin}/app/invitation#token=${token}`;
  const words = email
    ? t("It is for {email}, {until}.", { email, until: until(expires_at) })
    : t("It works {until}.", { until: until(expires_at) });
  return html`<p class="notice done">${words} ${t("Pass on the link or the code now: they are not shown again.")}</p>
    ${h(Copied, { id: "link", label: t("Link"), text: link, copy: t("Copy the link"), done: t("The link is copied.") })}
    ${h(Copied, { id: "code", label: t("Code"), text: token, copy: t("Copy the code"), done: t("The code is copied.") })}
    <p class="quiet explained">
      ${t("It ends when your password changes, when you log out everywhere, or when you are no admin any more.")}
    </p>`;
}
