// You: what a member can set, see and take along.
import { html } from "../../library.js";
import { facts } from "../../parts/facts.js";
import { frame } from "../../parts/frame.js";
import { unread } from "../../parts/notice.js";
import { disc } from "../../parts/quad.js";
import { press, row, rows } from "../../parts/rows.js";
import { useRead } from "../../reading.js";
import { leave, me, problem, readToday, today } from "../../state.js";
import { keeping } from "../../store.js";
import { kept } from "../../upgrade.js";
import { date, t } from "../../words.js";

export function You() {
  const identity = today.value?.identity;
  const mine = useRead("/identity/groups");
  const again = () => void readToday();
  if (!identity) return frame({ title: t("You") }, unread({ problem: problem.value, again }));
  const { username, email, email_confirmed, time_zone, day_starts_at } = identity;
  const names = (mine.data?.memberships ?? []).map(({ group }) => group.name);
  const path = (/** @type {string} */ name) => `/app/you/${name}`;
  return frame(
    { title: t("You"), aside: html`<p class="me">${disc(identity)} ${username}</p>` },
    rows([
      row({ key: "clock", title: t("Clock"), href: path("clock"), below: `${time_zone} · ${t("a day begins at {time}", { time: beginning(day_starts_at) })}` }),
      row({ key: "language", title: t("Language and display"), href: path("language"), below: t("Language, streaks, discreet notifications") }),
    ]),
    html`<h2>${t("Account")}</h2>`,
    rows([
      row({
        key: "account",
        title: t("Name, password and e-mail"),
        href: path("account"),
        below: email_confirmed ? email : t("{email} · not confirmed", { email }),
      }),
      row({ key: "logins", title: t("Where you are logged in"), href: path("logins") }),
      row({ key: "blocks", title: t("Blocked members"), href: path("blocks") }),
      row({ key: "data", title: t("Your data"), href: path("data"), below: t("Export, import, calendar") }),
      (names.length > 0 || identity.role === "admin") &&
        row({ key: "groups", title: t("Groups"), href: "/app/groups", below: facts(names) }),
    ]),
    identity.role === "admin" && html`<h2>${t("This service")}</h2>
      ${rows([row({ key: "admin", title: t("Moderation"), href: "/app/admin", below: t("Reports, people, invitations, log") })])}`,
    html`<h2>${t("More")}</h2>`,
    rows([
      row({ key: "pause", title: t("Pause all"), href: "/app/pause-all" }),
      press("out", t("Log out"), () => void leave(true)),
      row({ key: "delete", title: t("Delete the account"), href: path("delete") }),
    ]),
    offline(),
    identity.role === "admin" && withoutTls(),
  );
}

/** @param {string} time such as 04:00 */
function beginning(time) {
  return date(`2024-01-01T${time}Z`, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
}

/** Say why the app does not work offline, where it does not. */
function offline() {
  let words = "";
  if (!isSecureContext) {
    words = t("This address has no TLS (https), so the app cannot be installed, and does not work offline.");
  } else if (!keeping.lasts) {
    words = t("This browser keeps nothing, so the app does not work offline. Private windows are such a case.");
  } else if (kept.value === false) {
    words = t("This browser does not keep the app, so it does not work offline. Its settings may forbid it.");
  }
  return words && html`<p class="quiet explained">${words}</p>`;
}

/** Say to admins that the service does not know of the TLS before it. */
function withoutTls() {
  if (location.protocol !== "https:" || me.value?.secure !== false) return null;
  const words = t("The service takes this address for one without TLS. Set GRIDT_PROXY_HOPS, and log in again.");
  return html`<p class="notice attention">${words}</p>`;
}
