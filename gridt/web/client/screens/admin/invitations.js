// Invitations to register.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { icon } from "../../parts/icons.js";
import { paged, pills } from "../../parts/narrow.js";
import { empty } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { call } from "../../service.js";
import { until } from "../../rhythms.js";
import { t, tn } from "../../words.js";

/** @typedef {import("../../types").Schemas["Invitation"]} Invitation */

/** @type {Record<string, {state?: "open" | "over"}>} */
const FILTERS = { all: {}, open: { state: "open" }, over: { state: "over" } };

export function Invitations() {
  const [filter, setFilter] = useState("open");
  const [asked, setAsked] = useState(/** @type {Invitation | null} */ (null));
  const pages = usePages("/admin/invitations", { limit: 50, ...FILTERS[filter] });
  const filters = /** @type {[string, string][]} */ ([
    ["open", t("Open")],
    ["over", t("Over")],
    ["all", t("All")],
  ]);
  return frame(
    { title: t("Invitations"), back: "/app/admin" },
    html`<p class="actions">
      <a class="button" href="/app/admin/invite">${icon("plus")} ${t("Invite people")}</a>
    </p>`,
    pills("state", t("Which invitations"), filters, filter, setFilter),
    paged(pages, (it) => list(it, setAsked)),
    asked && revoking(asked, () => setAsked(null)),
  );
}

/** @param {Invitation[]} invitations @param {(invitation: Invitation) => void} ask */
function list(invitations, ask) {
  if (!invitations.length) return empty(t("There is no such invitation."));
  return rows(
    invitations.map((it) => {
      const name = nameOf(it);
      const used = tn("{used} of {n} use", "{used} of {n} uses", it.max_uses, { used: it.uses });
      const about = [stateOf(it), used, it.email && it.label && it.email, it.created_by?.username];
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

/** @param {Invitation} invitation */
function nameOf({ id, label, email }) {
  return label || email || t("Invitation {id}", { id });
}

/** @param {Invitation} invitation */
function stateOf({ state, expires_at }) {
  if (state === "open") return t("open {until}", { until: until(expires_at) });
  if (state === "used-up") return t("used up");
  if (state === "revoked") return t("revoked");
  return t("expired");
}

/** @param {Invitation} invitation @param {() => void} close */
function revoking(invitation, close) {
  return h(Ask, {
    title: t("Revoke {name}?", { name: nameOf(invitation) }),
    words: t("Its code stops working at once. Accounts that were opened with it stay."),
    yes: t("Revoke"),
    ends: true,
    send: () => call("delete", "/admin/invitations/{invitation}", { invitation: invitation.id }),
    done: t("The invitation is revoked."),
    close,
  });
}
