// What admins do with an account, as questions.
import { call } from "../../service.js";
import { t } from "../../words.js";

/** @typedef {{id: number, username: string}} Person */

/** @param {Person} person */
export function deactivating({ id, username: name }) {
  return {
    title: t("Deactivate {name}?", { name }),
    words: t("{name} is logged out everywhere, cannot log in, and leaves every movement. The updates and movements of {name} stay. You can reactivate the account; {name} then joins movements again.", { name }),
    yes: t("Deactivate"),
    ends: true,
    send: () => call("put", "/admin/users/{user}/deactivation", { user: id }),
    done: t("{name} is deactivated.", { name }),
  };
}

/** @param {Person} person */
export function reactivating({ id, username: name }) {
  return {
    title: t("Reactivate {name}?", { name }),
    words: t("{name} can log in and join movements again. The leaders and followers from before do not come back.", { name }),
    yes: t("Reactivate"),
    send: () => call("delete", "/admin/users/{user}/deactivation", { user: id }),
    done: t("{name} is active again.", { name }),
  };
}

/** @param {Person} person */
export function promoting({ id, username: name }) {
  return {
    title: t("Make {name} an admin?", { name }),
    words: t("{name} will read reports, see all accounts with their addresses, edit every movement, and can take the role from you.", { name }),
    yes: t("Make an admin"),
    send: () => call("patch", "/admin/users/{user}", { user: id }, { role: "admin" }),
    done: t("{name} is an admin now.", { name }),
  };
}

/** @param {Person} person @param {boolean} isMe */
export function demoting({ id, username: name }, isMe) {
  return {
    title: isMe ? t("Give up the role of an admin?") : t("Take the role of an admin from {name}?", { name }),
    words: isMe
      ? t("You lose these screens at once, and your open invitations end. Another admin can make you an admin again.")
      : t("{name} loses these screens at once, and the open invitations of {name} end.", { name }),
    yes: isMe ? t("Give it up") : t("Take the role"),
    ends: true,
    send: () => call("patch", "/admin/users/{user}", { user: id }, { role: "user" }),
    done: isMe ? t("You are no admin any more.") : t("{name} is no admin any more.", { name }),
  };
}
