// The members of a group, for its coaches and admins.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { act } from "../../acts.js";
import { frame } from "../../parts/frame.js";
import { paged, useSearch } from "../../parts/narrow.js";
import { empty, unread } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages, useRead } from "../../reading.js";
import { call } from "../../service.js";
import { date, t } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupMember"]} Member */

/** @param {Record<string, string>} props */
export function GroupMembers({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const [adds, setAdds] = useState(false);
  const head = { title: t("Members"), back: `/app/g/${id}` };
  const group = reading.data;
  if (!group) return frame(head, unread(reading));
  const above = group.parent_id;
  return frame(
    head,
    html`<p>${group.name}</p>
      ${above !== null &&
      html`<p class="actions">
        <button type="button" class="button" aria-expanded=${adds ? "true" : "false"} onClick=${() => setAdds(!adds)}>
          ${adds ? t("Show the members") : t("Add members")}
        </button>
      </p>`}
      ${adds && above !== null ? h(Adding, { id, above }) : h(Listed, { id })}`,
  );
}

/** @param {{id: string}} props */
function Listed({ id }) {
  const { search, draw } = useSearch();
  const pages = usePages("/groups/{group}/members", { group: id, search, limit: 50 });
  const [asked, setAsked] = useState(/** @type {Member | null} */ (null));
  /** @param {Member} member */
  const remove = (member) => html`<button
    type="button"
    class="button"
    aria-label=${t("Remove: {name}", { name: member.username })}
    onClick=${() => setAsked(member)}
  >${t("Remove")}</button>`;
  return html`${draw(t("Find a member"), { hint: t("Part of a username.") })}
  ${paged(pages, (members) => list(members, search, remove))}
  ${asked && removing(id, asked, () => setAsked(null))}`;
}

/**
 * The members of the group above, one of whom can be added.
 * @param {{id: string, above: number}} props
 */
function Adding({ id, above }) {
  const { search, draw } = useSearch();
  const pages = usePages("/groups/{group}/members", { group: above, search, limit: 50 });
  /** @param {Member} member */
  const add = ({ id: member, username: name }) => html`<button
    type="button"
    class="button"
    aria-label=${t("Add: {name}", { name })}
    onClick=${() => act(call("put", "/groups/{group}/members/{member}", { group: id, member }), t("{name} is a member now.", { name }))}
  >${t("Add")}</button>`;
  return html`${draw(t("Find a member of the group above"), { hint: t("Part of a username.") })}
  ${paged(pages, (members) => list(members, search, add))}`;
}

/**
 * @param {Member[]} members
 * @param {string} search
 * @param {(member: Member) => import("../../library").Child} does
 */
function list(members, search, does) {
  if (!members.length) return empty(search ? t("No member has such a username.") : t("This group has no members."));
  return rows(
    members.map((member) => {
      const joined = t("joined on {day}", { day: date(member.joined_at, { dateStyle: "medium" }) });
      return row({ key: member.id, title: member.username, below: joined, act: does(member) });
    }),
    t("Members"),
  );
}

/** @param {string} group @param {Member} member @param {() => void} close */
function removing(group, { id: member, username: name }, close) {
  return h(Ask, {
    title: t("Remove {name}?", { name }),
    words: t("{name} leaves this group, the groups in it, and the movements that only their members see.", { name }),
    yes: t("Remove"),
    ends: true,
    send: () => call("delete", "/groups/{group}/members/{member}", { group, member }),
    done: t("You removed {name}.", { name }),
    close,
  });
}
