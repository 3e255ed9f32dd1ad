// An account, as admins see it.
import { h, html, useState } from "../../library.js";
import { Ask } from "../../parts/ask.js";
import { frame } from "../../parts/frame.js";
import { unread } from "../../parts/notice.js";
import { disc } from "../../parts/quad.js";
import { press, row, rows } from "../../parts/rows.js";
import { useRead } from "../../reading.js";
import { ago } from "../../rhythms.js";
import { go } from "../../router.js";
import { today } from "../../state.js";
import { date, t } from "../../words.js";
import { deactivating, demoting, promoting, reactivating } from "./acts.js";

/** @param {Record<string, string>} props */
export function Person({ id = "" }) {
  const reading = useRead("/admin/users/{user}", { user: id });
  const [asked, setAsked] = useState("");
  const back = "/app/admin/people";
  const account = reading.data;
  if (!account) return frame({ title: t("Person"), back }, unread(reading));
  const isMe = today.value?.identity.id === account.id;
  const isAdmin = account.role === "admin";
  const close = () => setAsked("");
  /** @type {Record<string, ReturnType<typeof deactivating> | ReturnType<typeof promoting>>} */
  const questions = {
    deactivate: deactivating(account),
    reactivate: reactivating(account),
    promote: promoting(account),
    demote: demoting(account, isMe),
  };
  const question = questions[asked];
  return frame(
    { title: account.username, back, aside: disc(account) },
    facts(account),
    html`<h2>${t("More")}</h2>`,
    rows([
      row({ key: "log", title: t("In the log"), href: `/app/admin/log?user=${account.id}` }),
      row({ key: "reports", title: t("Reports by this person"), href: `/app/admin/reports?reporter=${account.id}` }),
      isAdmin
        ? press("demote", isMe ? t("Give up the role of an admin") : t("Take the role of an admin"), () => setAsked("demote"))
        : press("promote", t("Make an admin"), () => setAsked("promote")),
      account.deactivated_at
        ? press("reactivate", t("Reactivate"), () => setAsked("reactivate"))
        : !isMe && press("deactivate", t("Deactivate"), () => setAsked("deactivate")),
    ]),
    question && h(Ask, { ...question, close, then: asked === "demote" && isMe ? () => go("/app/you", true) : undefined }),
  );
}

/** @param {import("../../types").Schemas["AdminUser"]} account */
function facts(account) {
  const day = (/** @type {string} */ moment) => date(moment, { dateStyle: "medium" });
  /** @type {[string, string][]} */
  const shown = [
    [t("E-mail"), account.email_confirmed ? account.email : t("{email} · not confirmed", { email: account.email })],
    [t("Role"), account.role === "admin" ? t("admin") : t("member")],
    [t("Registered"), day(account.created_at)],
    [t("Last seen"), account.last_seen_at ? ago(account.last_seen_at) : t("never logged in")],
    [t("Clock"), account.time_zone],
    [t("Number"), String(account.id)],
  ];
  if (account.bio) shown.push([t("Bio"), account.bio]);
  return html`${account.deactivated_at &&
    html`<p class="notice">
      ${t("This account has been deactivated since {day}. It cannot log in, and is in no movement.", { day: day(account.deactivated_at) })}
    </p>`}
    <dl class="rows labelled">
      ${shown.map(([words, value]) => html`<div key=${words} class="row"><dt>${words}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}
