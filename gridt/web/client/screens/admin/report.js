// A report: the words it is about, and what an admin can do about them.
import { h, html, useState } from "../../library.js";
import { Ask, AskNote } from "../../parts/ask.js";
import { facts } from "../../parts/facts.js";
import { ago } from "../../rhythms.js";
import { call } from "../../service.js";
import { t } from "../../words.js";
import { deactivating } from "./acts.js";

/** @typedef {import("../../types").Schemas["Report"]} Report */

/** @type {Record<string, () => string>} */
const CATEGORIES = {
  spam: () => t("Spam"),
  harassment: () => t("Harassment"),
  hate: () => t("Hate"),
  danger: () => t("Danger"),
  other: () => t("Something else"),
};

/** @param {{id: number, username: string} | null} person */
function person(person) {
  if (!person) return t("a deleted account");
  return html`<a href=${`/app/admin/people/${person.id}`}>${person.username}</a>`;
}

/**
 * @param {Report} report
 * @param {(about: string) => void} ask
 */
export function reportCard(report, ask) {
  const { id, movement_id, update_id, author, reporter, category, reason, snapshot, created_at } = report;
  const name = author?.username ?? t("a deleted account");
  const title = update_id ? t("An update by {name}", { name }) : t("A movement by {name}", { name });
  const about = [CATEGORIES[category]?.() ?? category, t("reported {ago}", { ago: ago(created_at) })];
  return html`<li key=${id} class="card report">
    <h2>${title}</h2>
    <p class="quiet">${facts(about)}</p>
    <blockquote>${snapshot || t("There were no words.")}</blockquote>
    <dl>
      <div><dt>${t("Why")}</dt><dd>${reason}</dd></div>
      <div><dt>${t("Reported by")}</dt><dd>${person(reporter)}</dd></div>
      <div><dt>${t("Written by")}</dt><dd>${person(author)}</dd></div>
      ${report.closed_at && closed(report)}
    </dl>
    <p><a href=${`/app/m/${movement_id}`}>${t("Show the movement")}</a></p>
    ${!report.closed_at && buttons(report, title, ask)}
  </li>`;
}

/** @param {Report} report */
function closed({ closed_at, closed_by, resolution }) {
  const when = ago(closed_at ?? "");
  return html`<div>
    <dt>${t("Closed")}</dt>
    <dd>${resolution} <span class="quiet">${facts([when, closed_by?.username])}</span></dd>
  </div>`;
}

/** @param {Report} report @param {string} title @param {(about: string) => void} ask */
function buttons({ movement_id, update_id, author }, title, ask) {
  /** @param {string} about @param {string} words @param {string} [kind] */
  const button = (about, words, kind = "") => html`<button
    type="button"
    class=${`button${kind}`}
    aria-label=${`${words}: ${title}`}
    onClick=${() => ask(about)}
  >${words}</button>`;
  return html`<div class="actions">
    ${button("close", t("Close with a note"))}
    ${update_id
      ? button("update", t("Take back the update"), " danger")
      : html`<a class="button" href=${`/app/m/${movement_id}/edit`}>${t("Edit or delete the movement")}</a>`}
    ${author && button("author", t("Deactivate {name}", { name: author.username }), " danger")}
  </div>`;
}

/**
 * The sheet about a report. After an act, the sheet for the closing note follows, with a note to begin with.
 * @param {{about: string, report: Report,
 *   set: (asked: {about: string, report: Report} | null) => void}} props
 */
export function Judged({ about, report, set }) {
  const [step, setStep] = useState(about);
  const close = () => set(null);
  if (step === "author" && report.author) {
    return h(Ask, { key: step, ...deactivating(report.author), close: () => {}, then: () => setStep("deactivated"), cancel: close });
  }
  if (step === "update") {
    const path = { movement: report.movement_id, update: report.update_id ?? 0 };
    return h(Ask, {
      key: step,
      title: t("Take back the update?"),
      words: t("The update no longer counts for its author, and no member reads it any more. This cannot be undone. The log of this service keeps who took it back, and not its words."),
      yes: t("Take it back"),
      ends: true,
      send: () => call("delete", "/movements/{movement}/updates/{update}", path),
      done: t("The update is taken back."),
      close: () => {},
      then: () => setStep("taken"),
      cancel: close,
    });
  }
  /** @type {Record<string, string>} */
  const notes = { taken: t("The update was taken back."), deactivated: t("The account was deactivated.") };
  return h(AskNote, {
    key: "close",
    title: t("Close the report"),
    label: t("Your note"),
    hint: t("Other admins read it. The member who reported it does not."),
    note: notes[step] ?? "",
    yes: t("Close the report"),
    send: (note) => call("post", "/admin/reports/{report}/close", { report: report.id }, { resolution: note }),
    done: t("The report is closed."),
    close,
  });
}
