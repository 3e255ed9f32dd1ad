// The groups that a user is in, or has a role in.
import { html } from "../../library.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { isSiteAdmin, standing } from "../../parts/groups.js";
import { paged } from "../../parts/narrow.js";
import { empty } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["Group"]} Group */

export function Groups() {
  const pages = usePages("/groups", { limit: 50 });
  return frame(
    { title: t("Groups"), back: "/app/you" },
    paged(pages, list),
    isSiteAdmin() &&
      html`<h2>${t("More")}</h2>
        ${rows([row({ key: "new", title: t("Make an organisation"), href: "/app/groups/new" })])}`,
  );
}

/** @param {Group[]} groups */
function list(groups) {
  if (!groups.length) return empty(t("You are in no group. To join one, you need an invitation."));
  return rows(groups.map(rowOf), t("Groups"));
}

/** @param {Group} group */
export function rowOf(group) {
  return row({ key: group.id, title: group.name, href: `/app/g/${group.id}`, below: facts(standing(group)) });
}
