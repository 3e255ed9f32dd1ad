// The roles in a group, for admins of its organisation.
import { h, html, useState } from "../../library.js";
import { act } from "../../acts.js";
import { Ask } from "../../parts/ask.js";
import { frame } from "../../parts/frame.js";
import { roleName, rolesOf } from "../../parts/groups.js";
import { paged, pills, useSearch } from "../../parts/narrow.js";
import { empty, unread } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages, useRead } from "../../reading.js";
import { call } from "../../service.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupRole"]} Role */
/** @typedef {import("../../types").Schemas["GroupDetail"]} Group */

/** @param {Record<string, string>} props */
export function Roles({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const pages = usePages("/groups/{group}/roles", { group: id, limit: 50 });
  const [asked, setAsked] = useState(/** @type {Role | null} */ (null));
  const head = { title: t("Roles"), back: `/app/g/${id}` };
  const group = reading.data;
  if (!group) return frame(head, unread(reading));
  return frame(
    head,
    html`<p>${group.name}</p>
      ${paged(pages, (roles) => list(roles, setAsked))}
      <h2>${t("Give a role")}</h2>
      ${h(Giving, { group })} ${asked && ending(id, asked, () => setAsked(null))}`,
  );
}

/** @param {Role[]} roles @param {(role: Role) => void} ask */
function list(roles, ask) {
  if (!roles.length) return empty(t("No user has a role here."));
  return rows(
    roles.map((role) => {
      const { user, kind } = role;
      const end = html`<button
        type="button"
        class="button"
        aria-label=${t("End the role: {name}, {role}", { name: user.username, role: roleName(kind) })}
        onClick=${() => ask(role)}
      >${t("End")}</button>`;
      return row({ key: `${user.id} ${kind}`, title: user.username, below: roleName(kind), act: end });
    }),
    t("Roles"),
  );
}

/** @param {{group: Group}} props */
function Giving({ group }) {
  const kinds = rolesOf(group.kind);
  const { search, draw } = useSearch();
  const [kind, setKind] = useState(kinds.at(-1) ?? "coach");
  const of = group.organisation_id;
  const pages = usePages("/groups/{group}/members", { group: of, search, limit: 50 });
  /** @param {{id: number, username: string}} member */
  const give = ({ id: user, username: name }) => {
    const role = roleName(kind);
    const send = () => call("put", "/groups/{group}/roles/{user}/{kind}", { group: group.id, user, kind });
    return html`<button
      type="button"
      class="button"
      aria-label=${t("Give: {role}, {name}", { name, role })}
      onClick=${() => act(send(), t("{name} has the role {role} now.", { name, role }))}
    >${t("Give")}</button>`;
  };
  const options = kinds.map((it) => /** @type {[string, string]} */ ([it, roleName(it)]));
  return html`${kinds.length > 1 && pills("kind", t("Which role"), options, kind, setKind)}
  ${draw(t("Find a member of the organisation"), { hint: t("Part of a username.") })}
  ${paged(pages, (members) =>
    members.length
      ? rows(
          members.map((it) => row({ key: it.id, title: it.username, act: give(it) })),
          t("Members of the organisation"),
        )
      : empty(t("No member has such a username.")),
  )}`;
}

/** @param {string} group @param {Role} role @param {() => void} close */
function ending(group, { user, kind }, close) {
  const [name, role] = [user.username, roleName(kind)];
  return h(Ask, {
    title: t("End this role of {name}?", { name }),
    words: t("{name} no longer has the role {role} here and in the groups below.", { name, role }),
    yes: t("End"),
    ends: true,
    send: () => call("delete", "/groups/{group}/roles/{user}/{kind}", { group, user: user.id, kind }),
    done: t("The role of {name} has ended.", { name }),
    close,
  });
}
