// Invitations into a group, for its coaches and admins.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { roleName } from "../../parts/groups.js";
import { icon } from "../../parts/icons.js";
import { paged, pills } from "../../parts/narrow.js";
import { empty, unread } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages, useRead } from "../../reading.js";
import { call } from "../../service.js";
import { until } from "../../rhythms.js";
import { date, t, tn } from "../../words.js";

/** @typedef {import("../../types").Schemas["GroupInvitation"]} Link */

/** @type {Record<string, {state?: "open" | "over"}>} */
const FILTERS = { all: {}, open: { state: "open" }, over: { state: "over" } };

/** @param {Record<string, string>} props */
export function GroupInvitations({ id = "" }) {
  const reading = useRead("/groups/{group}", { group: id });
  const [filter, setFilter] = useState("open");
  const [asked, setAsked] = useState(/** @type {Link | null} */ (null));
  const pages = usePages("/groups/{group}/invitations", { group: id, limit: 50, ...FILTERS[filter] });
  const head = { title: t("Invitations"), back: `/app/g/${id}` };
  if (!reading.data) return frame(head, unread(reading));
  const filters = /** @type {[string, string][]} */ ([
    ["open", t("Open")],
    ["over", t("Over")],
    ["all", t("All")],
  ]);
  return frame(
    head,
    html`<p>${reading.data.name}</p>
      <p class="actions">
        <a class="button" href=${`/app/g/${id}/invite`}>${icon("plus")} ${t("Invite people")}</a>
      </p>`,
    pills("state", t("Which invitations"), filters, filter, setFilter),
    paged(pages, (it) => list(it, setAsked)),
    asked && revoking(asked, () => setAsked(null)),
  );
}

/** @param {Link[]} links @param {(link: Link) => void} ask */
function list(links, ask) {
  if (!links.length) return empty(t("There is no such invitation."));
  return rows(
    links.map((it) => {
      const name = nameOf(it);
      const used = tn("{used} of {n} use", "{used} of {n} uses", it.max_uses, { used: it.uses });
      const about = [stateOf(it), used, it.role !== "none" && roleName(it.role), it.created_by?.username];
      const act = it.state === "open" && html`<button
        type="button"
        class="button"
        aria-label=${t("Revoke: {name}", { name })}
        onClick=${() => ask(it)}
      >${t("Revoke")}</button>`;
      return row({ key: it.id, title: name, below: facts(about), act: act || undefined });
    }),
    t("Invitations"),
  );
}

/** @param {Link} link */
function nameOf({ created_at }) {
  return t("Of {day}", { day: date(created_at, { dateStyle: "medium", timeStyle: "short" }) });
}

/** @param {Link} link */
function stateOf({ state, expires_at }) {
  if (state === "open") return t("open {until}", { until: until(expires_at) });
  if (state === "used-up") return t("used up");
  if (state === "revoked") return t("revoked");
  return state === "expired" ? t("expired") : t("does nothing while its maker may not invite");
}

/** @param {Link} link @param {() => void} close */
function revoking(link, close) {
  return h(Ask, {
    title: t("Revoke {name}?", { name: nameOf(link) }),
    words: t("Its code stops working at once. Members stay."),
    yes: t("Revoke"),
    ends: true,
    send: () => call("delete", "/invitations/{invitation}", { invitation: link.id }),
    done: t("The invitation is revoked."),
    close,
  });
}
