// The log: what admins and operators did, logins, and changes of accounts.
import { html, useState } from "../../library.js";
import { frame } from "../../parts/frame.js";
import { paged, pills, useSearch } from "../../parts/narrow.js";
import { empty } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { t, date } from "../../words.js";
import { ACTIONS, subjectOf } from "./actions.js";

/** @typedef {import("../../types").Schemas["AuditEntry"]} Entry */
/** @typedef {NonNullable<import("../../types").Values<import("../../openapi").paths["/admin/audit"]["get"]>["action"]>} Action */

const DAYS = /** @type {const} */ ({ all: 0, day: 1, week: 7, month: 30 });

export function Log() {
  const { search, draw } = useSearch(new URLSearchParams(location.search).get("user") ?? "");
  const [action, setAction] = useState("");
  const [since, setSince] = useState({ name: "all", moment: "" });
  const user = /^\d{1,18}$/.test(search) ? Number(search) : undefined;
  const chosen = /** @type {Action | undefined} */ (action || undefined);
  const pages = usePages("/admin/audit", { limit: 50, user, action: chosen, since: since.moment || undefined });
  /** @param {string} name */
  const choose = (name) => {
    const days = DAYS[/** @type {keyof typeof DAYS} */ (name)];
    setSince({ name, moment: days ? new Date(Date.now() - days * 864e5).toISOString() : "" });
  };
  const times = /** @type {[string, string][]} */ ([
    ["all", t("All")],
    ["day", t("Last day")],
    ["week", t("Last week")],
    ["month", t("Last month")],
  ]);
  return frame(
    { title: t("Log"), back: "/app/admin" },
    html`<div class="fields">
        ${draw(t("Number of a person"), { hint: t("It stands on their screen, under People."), inputmode: "numeric" })}
        ${kinds(action, setAction)} ${pills("since", t("Since when"), times, since.name, choose)}
      </div>
      ${paged(pages, list)}`,
  );
}

/** @param {string} action @param {(action: string) => void} choose */
function kinds(action, choose) {
  const change = (/** @type {Event} */ { target }) => choose(/** @type {HTMLSelectElement} */ (target).value);
  return html`<div class="field">
    <label for="action">${t("Kind of entry")}</label>
    <select id="action" value=${action} onChange=${change}>
      <option value="">${t("Everything")}</option>
      ${Object.entries(ACTIONS).map(
        ([value, words]) => html`<option key=${value} value=${value} selected=${value === action}>${words()}</option>`,
      )}
    </select>
  </div>`;
}

/** @param {Entry[]} entries */
function list(entries) {
  if (!entries.length) return empty(t("The log has no such entry."));
  return rows(entries.map(entryRow), t("Log"));
}

/** @param {Entry} entry */
function entryRow(entry) {
  const { id, at, action, actor_id, user_id } = entry;
  const when = date(at, { dateStyle: "medium", timeStyle: "short" });
  const by = actor_id === null ? t("by an operator, or not known by whom") : t("by person {id}", { id: actor_id });
  const about = user_id !== null && user_id !== actor_id ? t("about person {id}", { id: user_id }) : "";
  const below = html`<p>${when}</p>
    <p>${linked(actor_id, by)}${about && html` · ${linked(user_id, about)}`}${subjectOf(entry)}</p>`;
  return row({ key: id, title: ACTIONS[action]?.() ?? action, below });
}

/** @param {number | null} id @param {string} words */
function linked(id, words) {
  return id === null ? words : html`<a href=${`/app/admin/people/${id}`}>${words}</a>`;
}
