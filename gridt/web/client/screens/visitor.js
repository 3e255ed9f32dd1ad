// A movement, as a user sees it who is no member.
import { h, html } from "../library.js";
import { act, join } from "../acts.js";
import { facts } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { unread } from "../parts/notice.js";
import { owning, watched } from "../parts/owning.js";
import { useRead } from "../reading.js";
import { rhythm } from "../rhythms.js";
import { t, tn } from "../words.js";
import { Member } from "./member.js";

/** @param {{id: string, left?: boolean}} props `left`: the member was in it until just now */
export function Visitor({ id, left }) {
  const reading = useRead("/movements/{movement}", { movement: id });
  const movement = reading.data;
  const head = { back: "/app/find", tab: "find" };
  if (!movement) return frame({ ...head, title: t("Movement") }, unread(reading));
  // beyond the movements that Today has read
  if (movement.subscribed && !left) return h(Member, { id: String(movement.id) });
  const { name } = movement;
  const about = [rhythm(movement), tn("{n} member", "{n} members", movement.member_count)];
  return frame(
    { ...head, title: name },
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
