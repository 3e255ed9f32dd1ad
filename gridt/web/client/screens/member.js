// A movement that the member is in: do it, see who leads you, and how the year was.
import { h, html, useState } from "../library.js";
import { act, endPause, quit } from "../acts.js";
import { below, didItButton } from "../parts/card.js";
import { atNow, countsToday, facts, isDone, isTaken, useTurnEnd } from "../parts/facts.js";
import { frame } from "../parts/frame.js";
import { icon } from "../parts/icons.js";
import { asOf, unread } from "../parts/notice.js";
import { numbers } from "../parts/numbers.js";
import { leavingWords, owning, watched } from "../parts/owning.js";
import { personRow } from "../parts/people.js";
import { Report } from "../parts/report.js";
import { press, row, rows } from "../parts/rows.js";
import { Sheet, question } from "../parts/sheet.js";
import { yearly } from "../parts/year.js";
import { useRead } from "../reading.js";
import { ago, rhythm, until } from "../rhythms.js";
import { go } from "../router.js";
import { call } from "../service.js";
import { bar, today } from "../state.js";
import { undo } from "../updates.js";
import { t, tn } from "../words.js";
import { Visitor } from "./visitor.js";

/** @typedef {import("../types").Movement} Joined */

/** @param {{id: string}} props */
export function Member({ id }) {
  const reading = useRead("/movements/{movement}/overview", { movement: id });
  const [sheet, setSheet] = useState("");
  const status = reading.problem?.status;
  if (status === 403 || status === 409) return h(Visitor, { id, left: true });
  const known = today.value?.movements.find((it) => String(it.id) === id);
  const title = reading.data?.movement.name ?? known?.name ?? t("Movement");
  useTurnEnd(reading.data ? [reading.data.movement] : [], reading.again);
  if (!reading.data) return frame({ title, back: "/app" }, unread(reading));
  const { followers, updates, year } = reading.data;
  const movement = atNow(reading.data.movement);
  const streaks = !today.value?.identity.hides_streaks;
  const close = () => setSheet("");
  const paused = movement.standing.paused_until;
  const said = updates.filter(({ id: update }) => !isTaken(update));
  const about = [
    rhythm(movement),
    tn("{n} member", "{n} members", movement.member_count),
    movement.free_misses > 0 &&
      tn("you may miss {n} of {turns} turns", "you may miss {n} of {turns} turns", movement.free_misses, {
        turns: movement.free_turns,
      }),
  ];
  return frame(
    { title, back: "/app" },
    asOf(reading.asOf),
    html`<p>${movement.short_description}</p>
      <p class="quiet">${facts(about)}</p>
      ${movement.description &&
      html`<details><summary>${t("More about it")}</summary><p>${movement.description}</p></details>`}
      ${paused ? pausedWords(movement) : standing(movement)} ${leaders(movement)}
      ${followers.length > 0 &&
      html`<details>
        <summary>${tn("{n} member follows you", "{n} members follow you", followers.length)}</summary>
        ${rows(followers.map((it) => personRow(it, movement)))}
      </details>`}
      ${numbers(movement.standing, streaks)}
      <h2>${t("Your year")}</h2>
      ${yearly(year, movement.free_misses > 0)}
      <h2>${t("Done lately")}</h2>
      ${said.length
        ? rows(said.map((it) => updateRow(movement, it)))
        : html`<p class="quiet">${t("Nothing yet.")}</p>`}
      ${owning(movement)}
      <h2>${t("More")}</h2>
      ${rows([
        row({ key: "network", title: t("Who leads whom"), href: `/app/m/${id}/network` }),
        press("report", t("Report this movement"), () => setSheet("report")),
        press("leave", t("Leave"), () => setSheet("leave")),
      ])}
      ${watched(movement)}
      ${sheet === "leave" && leaving(movement, close)}
      ${sheet === "report" && reporting(movement, close)}`,
  );
}

/** @param {Joined} movement */
function standing(movement) {
  const isOver = isDone(movement);
  const counted = !isOver && countsToday(movement);
  const done = counted || (isOver && !movement.counts_every_update);
  const words = counted ? t("Today counts already.") : t("Done.");
  return html`<div class="actions">
      ${done ? html`<p class="notice done">${icon("check")} ${words}</p>` : didItButton(movement)}
      <a class="button" href=${`/app/m/${movement.id}/say`}>${icon("words")} ${done ? t("Say more") : t("With words")}</a>
      <a class="button" href=${`/app/m/${movement.id}/pause`}>${icon("pause")} ${t("Pause")}</a>
    </div>
    <p class="quiet">${below(movement, false)}</p>`;
}

/** @param {Joined} movement */
function pausedWords({ id, standing: { paused_until } }) {
  const words = t("You pause {until}. Nothing is expected of you.", { until: until(paused_until ?? "") });
  return html`<p class="notice">${words}</p>
    <div class="actions">
      <button type="button" class="button main" onClick=${() => act(endPause(id), t("The pause is over."))}>
        ${t("End the pause")}
      </button>
    </div>`;
}

/** @param {Joined} movement */
function leaders(movement) {
  const { id, leaders: people } = movement;
  const find = () => act(call("post", "/movements/{movement}/leader", { movement: id }));
  return html`<h2>${t("Your leaders")}</h2>
    ${people.length > 0 && rows(people.map((it) => personRow(it, movement, `/app/m/${id}/leader/${it.id}`)))}
    ${people.length < 4 &&
    html`<p class="quiet slot">
      ${tn("{n} place is open. It is filled when more people join.", "{n} places are open. They are filled when more people join.", 4 - people.length)}
      ${" "}<button type="button" class="button" onClick=${find}>${t("Look for a leader")}</button>
    </p>`}`;
}

/** @param {Joined} movement @param {import("../types").Update} update */
function updateRow({ id }, update) {
  const words = update.message ?? (update.late ? t("said later") : "");
  const take = html`<button type="button" class="small words" onClick=${() => void undo(id, update.id)}>
    ${t("Undo")}
  </button>`;
  return row({ key: update.id, title: ago(update.time_stamp), below: words, act: take });
}

/** @param {Joined} movement @param {() => void} close */
function leaving(movement, close) {
  const { id, name } = movement;
  const yes = () => act(quit(id), t("You left {name}.", { name }), () => go("/app", true));
  const content = question({ words: leavingWords(movement), yes: t("Leave"), act: yes, close });
  return h(Sheet, { title: t("Leave {name}?", { name }), close, content });
}

/** @param {Joined} movement @param {() => void} close */
function reporting({ id }, close) {
  /** @param {import("../types").Schemas["NewReport"]} report */
  const send = (report) =>
    call("post", "/movements/{movement}/reports", { movement: id }, report).then(() => {
      close();
      bar.value = { text: t("Reported. Thank you.") };
    });
  return h(Report, { send, close });
}
