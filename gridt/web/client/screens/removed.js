// The members who were removed from a movement, for its creator and admins.
import { html } from "../library.js";
import { act } from "../acts.js";
import { frame } from "../parts/frame.js";
import { empty, unread } from "../parts/notice.js";
import { further, row, rows } from "../parts/rows.js";
import { usePages } from "../reading.js";
import { ago } from "../rhythms.js";
import { call } from "../service.js";
import { t } from "../words.js";

/** @param {Record<string, string>} props */
export function Removed({ id = "" }) {
  const pages = usePages("/movements/{movement}/removals", { movement: id, limit: 50 });
  const head = { title: t("Removed members"), back: `/app/m/${id}/members` };
  if (!pages.data) return frame(head, unread(pages));
  if (!pages.data.length) return frame(head, empty(t("No member was removed from this movement.")));
  /** @param {number} user @param {string} name */
  const lift = (user, name) => html`<button
    type="button"
    class="button"
    aria-label=${t("Let back: {name}", { name })}
    onClick=${() =>
      act(
        call("delete", "/movements/{movement}/members/{user}/removal", { movement: id, user }),
        t("{name} may join again.", { name }),
      )}
  >${t("Let back")}</button>`;
  return frame(
    head,
    html`<p class="quiet">${t("They cannot join this movement until you let them back. Then they join by themselves.")}</p>
      <div class="found">
        ${rows(
          pages.data.map(({ id: user, username, removed_at }) =>
            row({
              key: user,
              title: username,
              below: t("removed {ago}", { ago: ago(removed_at) }),
              act: lift(user, username),
            }),
          ),
        )}
        ${further(pages.more)}
      </div>`,
  );
}
