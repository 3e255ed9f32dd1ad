// What the picture of a network shows: its marks explained, and the same as a table.
import { html } from "../library.js";
import { t } from "../words.js";

/** @typedef {import("../types").Schemas["Network"]} Exported */

/** What the marks of the picture mean. */
export function legend() {
  const marks = /** @type {[string, string][]} */ ([
    ["mark you", t("you")],
    ["mark leads", t("leads you")],
    ["mark follows", t("follows you")],
    ["mark", t("active: did it lately")],
    ["mark silent", t("silent: has not done it for long")],
    ["mark arrow", t("An arrow leads from a follower to a leader.")],
  ]);
  return html`<ul class="legend" aria-label=${t("What the marks mean")}>
    ${marks.map(([name, words]) => html`<li key=${name}><span class=${name} aria-hidden="true"></span> ${words}</li>`)}
  </ul>`;
}

/** @param {Exported} exported */
export function table({ members, you }) {
  /** @param {unknown} id */
  const short = (id) => (id === you ? t("you") : String(id).slice(0, 6));
  const mine = members.find(({ id }) => id === you);
  /** @param {Exported["members"][number]} member */
  const relation = ({ id, leaders }) => {
    const words = [];
    if (mine?.leaders.includes(id)) words.push(t("leads you"));
    if (you !== null && leaders.includes(you)) words.push(t("follows you"));
    return words.join(", ");
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t("The same as a table")}>
    <table>
      <thead>
        <tr>
          <th scope="col">${t("Member")}</th>
          <th scope="col">${t("To you")}</th>
          <th scope="col">${t("Activity")}</th>
          <th scope="col">${t("Follows")}</th>
        </tr>
      </thead>
      <tbody>
        ${members.slice(0, 200).map(
          (it) => html`<tr key=${it.id}>
            <th scope="row">${short(it.id)}</th>
            <td>${relation(it)}</td>
            <td>${it.live ? t("active") : t("silent")}</td>
            <td>${it.leaders.map(short).join(" ")}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
