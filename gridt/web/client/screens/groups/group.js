// A group: what it is, who leads it, and what the user may do in it.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { administers, below, roleName, rolesOf, standing } from "../../parts/groups.js";
import { unread } from "../../parts/notice.js";
import { disc } from "../../parts/quad.js";
import { further, press, row, rows } from "../../parts/rows.js";
import { usePages, useRead } from "../../reading.js";
import { go } from "../../router.js";
import { call } from "../../service.js";
import { t } from "../../words.js";
import { rowOf } from "./index.js";

/** @typedef {import("../../types").Schemas["GroupDetail"]} Group */

/** @param {Record<string, string>} props */
export function GroupScreen({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const parts = usePages("/groups", { parent: Number(id), limit: 50 });
  const [asked, setAsked] = useState(false);
  const group = reading.data;
  if (!group) return frame({ title: t("Group"), back: "/app/groups" }, unread(reading));
  const back = group.parent_id === null ? "/app/groups" : `/app/g/${group.parent_id}`;
  return frame(
    { title: group.name, back },
    html`<p class="quiet">${facts(standing(group))}</p>
      ${group.description && html`<p>${group.description}</p>`} ${leaders(group)}
      ${parts.data &&
      parts.data.length > 0 &&
      html`<h2>${t("In this group")}</h2>
        ${rows(parts.data.map(rowOf), t("In this group"))} ${further(parts.more)}`}
      ${managing(group)}
      ${group.mine.member &&
      html`<h2>${t("More")}</h2>
        ${rows([press("leave", t("Leave this group"), () => setAsked(true))])}`}
      ${asked && leaving(group, back, () => setAsked(false))}`,
  );
}

/** @param {Group} group */
function leaders({ coaches = [] }) {
  if (!coaches.length) return null;
  return html`<h2>${t("Coaches and admins")}</h2>
    ${rows(
      coaches.map(
        ({ user, kind }) => html`<li key=${`${user.id} ${kind}`} class="row">
          ${disc(user)}
          <div class="row-words">
            <span class="row-title">${user.username}</span>
            <div class="quiet">${roleName(kind)}</div>
          </div>
        </li>`,
      ),
      t("Coaches and admins"),
    )}`;
}

/** @param {Group} group */
function managing(group) {
  const admin = administers(group);
  if (!admin && !group.mine.roles.includes("coach")) return null;
  const { id, kind } = group;
  const path = (/** @type {string} */ part) => `/app/g/${id}/${part}`;
  const isSmall = kind === "squad" || kind === "pickup group";
  const edits = admin || isSmall;
  const divides = below(kind).length > 0 && (admin || kind === "team");
  return html`<h2>${t("You lead this group")}</h2>
    ${rows([
      row({ key: "members", title: t("Members"), href: path("members") }),
      row({ key: "invitations", title: t("Invitations"), href: path("invitations") }),
      divides && row({ key: "new", title: t("Make a group in it"), href: path("new") }),
      admin && rolesOf(kind).length > 0 && row({ key: "roles", title: t("Roles"), href: path("roles"), below: t("Who coaches, and who is an admin") }),
      edits && row({ key: "edit", title: t("Edit"), href: path("edit"), below: t("Name and description, and the end of it") }),
      admin && kind === "organisation" && row({ key: "settings", title: t("Settings"), href: path("settings") }),
    ])}`;
}

/** @param {Group} group @param {string} back @param {() => void} close */
function leaving({ id, name, kind }, back, close) {
  const words =
    kind === "organisation"
      ? t("You leave all of its groups, and lose your roles in them.")
      : t("You leave the groups in it as well, and the movements that only its members see.");
  return h(Ask, {
    title: t("Leave {name}?", { name }),
    words,
    yes: t("Leave"),
    ends: true,
    send: () => call("delete", "/groups/{group}/members/{member}", { group: id, member: "me" }),
    done: t("You left {name}.", { name }),
    close,
    then: () => go(back, true),
  });
}
