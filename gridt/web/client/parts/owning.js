// What the member who started a movement, and admins, can do with it.
import { html } from "../library.js";
import { today } from "../state.js";
import { t } from "../words.js";
import { row, rows } from "./rows.js";

/** @typedef {{id: number, creator_id: number | null, who_sees_members: string}} Owned */

export function isAdmin() {
  return today.value?.identity.role === "admin";
}

/** @param {Owned} movement */
export function isOwn({ creator_id }) {
  return creator_id !== null && today.value?.identity.id === creator_id;
}

/**
 * Rows for the creator and admins; nothing for others.
 * @param {Owned} movement
 */
export function owning(movement) {
  if (!isOwn(movement) && !isAdmin()) return null;
  const { id } = movement;
  return html`<h2>${isOwn(movement) ? t("You started this movement") : t("As an admin")}</h2>
    ${rows([
      row({ key: "edit", title: t("Edit"), href: `/app/m/${id}/edit`, below: t("Name, rhythm, misses, and the end of it") }),
      row({ key: "members", title: t("Members"), href: `/app/m/${id}/members`, below: t("When they joined, and who was removed") }),
    ])}`;
}

/**
 * Say who can list the members.
 * @param {Owned} movement
 */
export function watched({ who_sees_members }) {
  const words =
    who_sees_members === "admins"
      ? t("Admins of this service can list the members, with the day each joined and the last time each did it.")
      : t("The person who started it and admins of this service can list the members, with the day each joined and the last time each did it.");
  return html`<p class="quiet explained">${words}</p>`;
}

/**
 * Say what leaving a movement leads to.
 * @param {Owned} movement
 */
export function leavingWords(movement) {
  const stays = isOwn(movement) && t("You stay the person who started it, and can still edit it.");
  return html`<p>
      ${t("Your streak ends, and other members will lead your followers. Your updates stay in your data.")}
    </p>
    ${stays && html`<p>${stays}</p>`}`;
}
