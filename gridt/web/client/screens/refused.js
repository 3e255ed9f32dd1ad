// What a member who is no admin sees at an address of admins.
import { html } from "../library.js";
import { frame } from "../parts/frame.js";
import { empty } from "../parts/notice.js";
import { t } from "../words.js";

export function Refused() {
  const way = html`<p><a href="/app">${t("Go to Today")}</a></p>`;
  return frame({ title: t("Moderation"), back: "/app/you" }, empty(t("Only admins of this service see this screen."), way));
}
