// The members of a movement, for its creator and admins.
import { h, html, useState } from "../library.js";
import { Ask } from "../parts/ask.js";
import { frame } from "../parts/frame.js";
import { paged, useSearch } from "../parts/narrow.js";
import { empty, unread } from "../parts/notice.js";
import { watched } from "../parts/owning.js";
import { row, rows } from "../parts/rows.js";
import { usePages, useRead } from "../reading.js";
import { ago } from "../rhythms.js";
import { call } from "../service.js";
import { date, t } from "../words.js";

/** @typedef {import("../types").Schemas["Member"]} Member */

/** @param {Record<string, string>} props */
export function Members({ id = "" }) {
  const reading = useRead("/movements/{movement}", { movement: id });
  const { search, draw } = useSearch();
  const pages = usePages("/movements/{movement}/members", { movement: id, username: search, limit: 50 });
  const [asked, setAsked] = useState(/** @type {Member | null} */ (null));
  const head = { title: t("Members"), back: `/app/m/${id}` };
  const movement = reading.data;
  if (!movement) return frame(head, unread(reading));
  if (pages.problem?.status === 403) return frame(head, unread(pages));
  const { creator_id } = movement;
  return frame(
    head,
    html`<p>${movement.name}</p>
      ${draw(t("Find a member"), { hint: t("The whole username.") })}
      ${paged(pages, (members) => list(members, search, creator_id, setAsked))}
      <h2>${t("More")}</h2>
      ${rows([row({ key: "removed", title: t("Removed members"), href: `/app/m/${id}/removed` })])}
      ${watched(movement)} ${asked && removing(id, asked, () => setAsked(null))}`,
  );
}

/**
 * @param {Member[]} members
 * @param {string} search
 * @param {number | null} creator
 * @param {(member: Member) => void} ask
 */
function list(members, search, creator, ask) {
  if (!members.length && search) return empty(t("No member has this username."));
  if (!members.length) return empty(t("This movement has no members."));
  return rows(
    members.map((member) => {
      const { id, username, subscribed_at, last_update_at } = member;
      const last = last_update_at
        ? t("last did it {ago}", { ago: ago(last_update_at) })
        : t("has not done it yet");
      const joined = t("joined on {day}", { day: date(subscribed_at, { dateStyle: "medium" }) });
      const remove = html`<button
        type="button"
        class="button"
        aria-label=${t("Remove: {name}", { name: username })}
        onClick=${() => ask(member)}
      >${t("Remove")}</button>`;
      const act = id === creator ? html`<span class="quiet">${t("started it")}</span>` : remove;
      return row({ key: id, title: username, below: html`<p>${last}</p><p>${joined}</p>`, act });
    }),
    t("Members"),
  );
}

/** @param {string} movement @param {Member} member @param {() => void} close */
function removing(movement, { id, username: name }, close) {
  return h(Ask, {
    title: t("Remove {name}?", { name }),
    words: t("{name} leaves this movement, and the followers of {name} get other leaders. {name} cannot join again until you let them back. Their updates stay in their own data.", { name }),
    yes: t("Remove"),
    ends: true,
    send: () => call("delete", "/movements/{movement}/members/{user}", { movement, user: id }),
    done: t("You removed {name}.", { name }),
    close,
  });
}
