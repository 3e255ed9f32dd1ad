// Invite people into a group by a link, and pass it on: it is shown this once.
import { h, html, useState } from "../../library.js";
import { choice } from "../../parts/choice.js";
import { Copied } from "../../parts/copied.js";
import { field, main } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { administers, roleName, rolesOf } from "../../parts/groups.js";
import { refusal, unread } from "../../parts/notice.js";
import { useForm } from "../../forms.js";
import { useRead } from "../../reading.js";
import { call } from "../../service.js";
import { until } from "../../rhythms.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupDetail"]} Group */
/** @typedef {import("../../types").Schemas["GroupInvitationMade"]} Made */

const START = { role: "none", max_uses: "30", expires_in: "P7D" };

/** @param {Record<string, string>} props */
export function GroupInvite({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const [made, setMade] = useState(/** @type {Made | null} */ (null));
  const back = `/app/g/${id}/invitations`;
  const group = reading.data;
  if (made) return frame({ title: t("The invitation"), back }, shown(made));
  const head = { title: t("Invite people"), back };
  if (!group) return frame(head, unread(reading));
  return frame(head, html`<p>${group.name}</p>`, h(Making, { group, done: setMade }));
}

/** @param {{group: Group, done: (made: Made) => void}} props */
function Making({ group, done }) {
  const form = useForm(START, ({ role, max_uses, expires_in }) => {
    const link = { role: /** @type {"none" | "coach"} */ (role), max_uses: Number(max_uses), expires_in };
    return call("post", "/groups/{group}/invitations", { group: group.id }, link).then(done);
  });
  const lengths = /** @type {[string, string][]} */ ([
    ["P1D", t("a day")],
    ["P7D", t("a week")],
    ["P30D", t("a month")],
    ["P90D", t("three months")],
  ]);
  const roles = /** @type {[string, string][]} */ ([
    ["none", t("member")],
    ["coach", roleName("coach")],
  ]);
  return html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["role", "max_uses", "expires_in"])}
    ${administers(group) && rolesOf(group.kind).length > 0 && choice(form, "role", t("What they become"), roles)}
    ${choice(form, "expires_in", t("For how long"), lengths)}
    ${field(form, "max_uses", t("For how many people"), { type: "number", inputmode: "numeric", min: 1, max: 1000 })}
    ${main(form, t("Make the invitation"))}
  </form>`;
}

/** @param {Made} made */
function shown({ token, address, expires_at }) {
  const link = location.origin + address;
  return html`<p class="notice done">
      ${t("It works {until}.", { until: until(expires_at) })}
      ${" "}${t("Pass on the link or the code now: they are not shown again.")}
    </p>
    ${h(Copied, { id: "link", label: t("Link"), text: link, copy: t("Copy the link"), done: t("The link is copied.") })}
    ${h(Copied, { id: "code", label: t("Code"), text: token, copy: t("Copy the code"), done: t("The code is copied.") })}
    <p class="quiet explained">
      ${t("It ends when your password changes, and does nothing while you may not invite into this group.")}
    </p>`;
}
