// The people of this service.
import { html, useState } from "../../library.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { paged, pills, useSearch } from "../../parts/narrow.js";
import { empty } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { ago } from "../../rhythms.js";
import { t } from "../../words.js";

/** @typedef {import("../../types").Schemas["AdminUser"]} Account */

/** @type {Record<string, {role?: "admin", deactivated?: boolean, seen?: boolean, sort?: "last_seen"}>} */
const FILTERS = {
  all: {},
  seen: { sort: "last_seen" },
  unseen: { seen: false },
  admins: { role: "admin" },
  deactivated: { deactivated: true },
};

export function People() {
  const { search, draw } = useSearch();
  const [filter, setFilter] = useState("all");
  const pages = usePages("/admin/users", { search, limit: 50, ...FILTERS[filter] });
  const filters = /** @type {[string, string][]} */ ([
    ["all", t("All")],
    ["seen", t("Last seen first")],
    ["unseen", t("Never logged in")],
    ["admins", t("Admins")],
    ["deactivated", t("Deactivated")],
  ]);
  return frame(
    { title: t("People"), back: "/app/admin" },
    draw(t("Find a person"), { hint: t("Part of a username or an e-mail address.") }),
    html`<div class="found">${pills("filter", t("Which people"), filters, filter, setFilter)}</div>
      ${paged(pages, list)}`,
  );
}

/** @param {Account[]} people */
function list(people) {
  if (!people.length) return empty(t("No account is like this."));
  return rows(
    people.map((account) =>
      row({
        key: account.id,
        title: account.username,
        href: `/app/admin/people/${account.id}`,
        below: facts([standing(account), lastSeen(account)]),
      }),
    ),
    t("People"),
  );
}

/** @param {Account} account */
export function standing({ role, deactivated_at }) {
  if (deactivated_at) return t("deactivated");
  return role === "admin" ? t("admin") : "";
}

/** @param {Account} account */
export function lastSeen({ last_seen_at }) {
  return last_seen_at ? t("last seen {ago}", { ago: ago(last_seen_at) }) : t("never logged in");
}
