// Where a member is logged in.
import { html } from "../../library.js";
import { act } from "../../acts.js";
import { frame } from "../../parts/frame.js";
import { unread } from "../../parts/notice.js";
import { further, row, rows } from "../../parts/rows.js";
import { usePages } from "../../reading.js";
import { ago } from "../../rhythms.js";
import { call } from "../../service.js";
import { leave } from "../../state.js";
import { t } from "../../words.js";

export function Logins() {
  const pages = usePages("/auth/logins", { limit: 50 });
  const head = { title: t("Where you are logged in"), back: "/app/you" };
  if (!pages.data) return frame(head, unread(pages));
  /** @param {number} login @param {string} device */
  const end = (login, device) => html`<button
    type="button"
    class="button"
    aria-label=${t("Log out: {device}", { device })}
    onClick=${() => act(call("delete", "/auth/logins/{login}", { login }), t("Logged out: {device}", { device }))}
  >${t("Log out")}</button>`;
  return frame(
    head,
    rows(
      pages.data.map(({ id, device, current, last_used_at }) => {
        const name = nameOf(device);
        const below = current ? t("this device") : t("used {ago}", { ago: ago(last_used_at) });
        return row({ key: id, title: name, below, act: current ? null : end(id, name) });
      }),
    ),
    further(pages.more),
    html`<p class="actions">
      <button type="button" class="button" onClick=${() => void leave(true, true)}>
        ${t("Log out everywhere")}
      </button>
    </p>`,
  );
}

/** @param {string | null | undefined} device such as Firefox on Linux */
function nameOf(device) {
  const [browser, system] = device?.split(" on ") ?? [];
  if (browser && system) return t("{browser} on {system}", { browser, system });
  return device ?? t("Unknown device");
}
