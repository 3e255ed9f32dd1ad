// The members whom a member blocked.
import { html } from "../../library.js";
import { act } from "../../acts.js";
import { frame } from "../../parts/frame.js";
import { empty, unread } from "../../parts/notice.js";
import { further, row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { ago } from "../../rhythms.js";
import { call } from "../../service.js";
import { t } from "../../words.js";

export function Blocks() {
  const pages = usePages("/identity/blocks", { limit: 50 });
  const head = { title: t("Blocked members"), back: "/app/you" };
  if (!pages.data) return frame(head, unread(pages));
  if (!pages.data.length) {
    return frame(head, empty(t("You have blocked nobody. You can block a member who leads you on their screen.")));
  }
  /** @param {number} user @param {string} name */
  const unblock = (user, name) => html`<button
    type="button"
    class="button"
    aria-label=${t("Unblock: {name}", { name })}
    onClick=${() => act(call("delete", "/identity/blocks/{user}", { user }), t("You unblocked {name}.", { name }))}
  >${t("Unblock")}</button>`;
  return frame(
    head,
    rows(
      pages.data.map(({ id, username, blocked_at }) =>
        row({ key: id, title: username, below: ago(blocked_at), act: unblock(id, username) }),
      ),
    ),
    further(pages.more),
  );
}
