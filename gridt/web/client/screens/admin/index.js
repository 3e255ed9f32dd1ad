// What admins look after on this service.
import { frame } from "../../parts/frame.js";
import { row, rows } from "../../parts/rows.js";
import { t } from "../../words.js";

export function Moderation() {
  const path = (/** @type {string} */ name) => `/app/admin/${name}`;
  return frame(
    { title: t("Moderation"), back: "/app/you" },
    rows([
      row({ key: "reports", title: t("Reports"), href: path("reports"), below: t("Words and movements that members reported") }),
      row({ key: "people", title: t("People"), href: path("people"), below: t("Find, deactivate, make an admin") }),
      row({ key: "invitations", title: t("Invitations"), href: path("invitations"), below: t("Codes to register with") }),
      row({ key: "log", title: t("Log"), href: path("log"), below: t("Acts of admins, logins, and changes of accounts") }),
    ]),
  );
}
