// Find a movement, and join it.
import { html, useEffect } from "../library.js";
import { act, join } from "../acts.js";
import { facts } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { icon } from "../parts/icons.js";
import { remember, remembered, useSearch } from "../parts/narrow.js";
import { empty, unread } from "../parts/notice.js";
import { further, row, rows } from "../parts/rows.js";
import { usePages } from "../reading.js";
import { rhythm } from "../rhythms.js";
import { go } from "../router.js";
import { today } from "../state.js";
import { t, tn } from "../words.js";

/** @typedef {import("../types").AnyMovement} Found */

export function Find() {
  const { search, draw } = useSearch();
  const pages = usePages("/movements", { search, limit: 20 }, remembered("rows", 0));
  const count = pages.data?.length;
  useEffect(() => {
    if (count) remember("rows", count);
  }, [count]);
  const isFirst = today.value?.movements.length === 0;
  return frame(
    { title: isFirst ? t("What would you like to keep at?") : t("Find") },
    html`${draw(t("Search movements"), { placeholder: t("flossing, running, reading …") })}
      <div class="found">
        ${pages.data ? list(pages.data, search, isFirst) : unread(pages)} ${further(pages.more)}
      </div>
      <p class="actions">
        <a class="button" href="/app/start">${icon("plus")} ${t("Start a movement")}</a>
      </p>`,
  );
}

/** @param {Found[]} movements @param {string} search @param {boolean} isFirst */
function list(movements, search, isFirst) {
  if (!movements.length && search) return empty(t("No movement has these words."));
  if (!movements.length) return empty(t("There is no movement yet. Start the first one."));
  return rows(movements.map((it) => found(it, isFirst)), t("Movements"));
}

/** @param {Found} movement @param {boolean} isFirst */
function found(movement, isFirst) {
  const { id, name } = movement;
  const about = [rhythm(movement), tn("{n} member", "{n} members", movement.member_count)];
  const press = () => act(join(id), t("You joined {name}.", { name }), () => isFirst && go("/app"));
  const button = movement.subscribed
    ? html`<span class="quiet">${icon("check")} ${t("Joined")}</span>`
    : html`<button type="button" class="button" aria-label=${t("Join: {name}", { name })} onClick=${press}>
        ${t("Join")}
      </button>`;
  const below = html`<p>${movement.short_description}</p><p>${facts(about)}</p>`;
  return row({ key: id, title: name, href: `/app/m/${id}`, below, act: button });
}
