// What groups are called, what a user may do in one, and the fields of one.
import { html } from "../library.js";
import { today } from "../state.js";
import { t, tn } from "../words.js";
import { field } from "./field.js";

/** @typedef {import("../types").Schemas["Group"]} Group */

/** @param {string} kind */
export function kindName(kind) {
  /** @type {Record<string, string>} */
  const names = {
    organisation: t("Organisation"),
    team: t("Team"),
    squad: t("Squad"),
    "pickup group": t("Pickup group"),
  };
  return names[kind] ?? kind;
}

/** @param {string} kind */
export function roleName(kind) {
  /** @type {Record<string, string>} */
  const names = { admin: t("admin"), coach: t("coach"), "assignable coach": t("may coach teams") };
  return names[kind] ?? kind;
}

/** The kinds of groups that may stand below one. @param {string} kind @returns {string[]} */
export function below(kind) {
  if (kind === "organisation") return ["team"];
  return kind === "team" ? ["squad", "pickup group"] : [];
}

/** The roles that a user may have in a group. @param {string} kind @returns {string[]} */
export function rolesOf(kind) {
  if (kind === "organisation") return ["admin", "coach"];
  return kind === "team" ? ["coach"] : [];
}

export function isSiteAdmin() {
  return today.value?.identity.role === "admin";
}

/** Whether the user is an admin of the organisation, or of the service. @param {Group} group */
export function administers({ mine }) {
  return isSiteAdmin() || mine.roles.includes("admin");
}

/** What a user is in a group. @param {Group} group */
export function standing({ kind, mine, member_count }) {
  return [
    kindName(kind),
    member_count != null && tn("{n} member", "{n} members", member_count),
    ...mine.roles.map(roleName),
    mine.member && !mine.roles.length && t("member"),
  ];
}

/** @param {import("../types").Form<any>} form a name and a description */
export function groupWords(form) {
  return html`${field(form, "name", t("Name"), { autocomplete: "off" })}
  ${field(form, "description", t("About it"), { lines: 3, hint: t("Its members see it.") })}`;
}
