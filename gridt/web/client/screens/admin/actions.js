// The kinds of entries of the log, in words.
import { html } from "../../library.js";
import { t } from "../../words.js";

/** @type {Record<string, () => string>} */
export const ACTIONS = {
  "account.registered": () => t("Account registered"),
  "account.exported": () => t("Data exported"),
  "account.deleted": () => t("Account deleted"),
  "account.deactivated": () => t("Account deactivated"),
  "account.reactivated": () => t("Account reactivated"),
  "role.changed": () => t("Role changed"),
  "email.changed": () => t("E-mail address changed"),
  "email.confirmed": () => t("E-mail address confirmed"),
  "password.changed": () => t("Password changed"),
  "password.reset": () => t("Password reset by a mail"),
  "password.wrong": () => t("Wrong password"),
  "login.started": () => t("Logged in"),
  "login.ended": () => t("Logged out"),
  "login.ended-everywhere": () => t("Logged out everywhere"),
  "login.copied": () => t("Login ended: its token was used twice"),
  "movement.edited": () => t("Movement edited by an admin"),
  "movement.deleted": () => t("Movement deleted by an admin"),
  "movement.closed": () => t("Empty movement closed"),
  "member.removed": () => t("Member removed"),
  "removal.lifted": () => t("Removed member let back"),
  "update.removed": () => t("Update taken back by an admin"),
  "report.closed": () => t("Report closed"),
  "calendar.made": () => t("Calendar address made"),
  "calendar.revoked": () => t("Calendar address revoked"),
  "invitation.made": () => t("Invitation made"),
  "invitation.revoked": () => t("Invitation revoked"),
};

/** @type {Record<string, (id: number) => string>} */
const SUBJECTS = {
  movements: (id) => t("movement {id}", { id }),
  updates: (id) => t("update {id}", { id }),
  reports: (id) => t("report {id}", { id }),
  invitations: (id) => t("invitation {id}", { id }),
};

/** Return the thing that an entry is about, and further facts. @param {import("../../types").Schemas["AuditEntry"]} entry */
export function subjectOf({ subject, subject_id, details }) {
  const thing = subject && subject_id !== null ? SUBJECTS[subject]?.(subject_id) : "";
  const facts = Object.values(details).filter((it) => typeof it === "string");
  return html`${thing && ` · ${thing}`}${facts.length > 0 && ` · ${facts.join(", ")}`}`;
}
