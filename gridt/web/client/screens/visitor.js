// A movement, as a user sees it who is no member.
import { html } from "../library.js";
import { act, join } from "../acts.js";
import { facts } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { unread } from "../parts/notice.js";
import { owning, watched } from "../parts/owning.js";
import { useRead } from "../reading.js";
import { rhythm } from "../rhythms.js";
import { t, tn } from "../words.js";

/** @param {{id: string}} props */
export function Visitor({ id }) {
  const reading = useRead("/movements/{movement}", { movement: id });
  const movement = reading.data;
  if (!movement) return frame({ title: t("Movement"), back: "/app/find" }, unread(reading));
  const { name } = movement;
  const about = [rhythm(movement), tn("{n} member", "{n} members", movement.member_count)];
  return frame(
    { title: name, back: "/app/find" },
    html`<p>${movement.short_description}</p>
      <p class="quiet">${facts(about)}</p>
      ${movement.description && html`<p>${movement.description}</p>`}
      <div class="actions">
        <button
          type="button"
          class="button main"
          onClick=${() => act(join(id), t("You joined {name}.", { name }))}
        >
          ${t("Join")}
        </button>
      </div>
      ${watched(movement)} ${owning(movement)}`,
  );
}
