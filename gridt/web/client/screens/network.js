// Who leads whom: the picture of the network page, and the same as a table.
import { h, html, useEffect, useRef, useState } from "../library.js";
import { frame } from "../parts/frame.js";
import { unread } from "../parts/notice.js";
import { useRead } from "../reading.js";
import { t, tn } from "../words.js";

/** where the network page has its modules; they have no types */
const PAGE = "/static/network/";
/** with more members, a picture would be a cloud, and an answer too long for a phone */
const MOST = 500;

/** @typedef {import("../types").Schemas["Network"]} Exported */

/** @param {Record<string, string>} props */
export function Network({ id = "" }) {
  const movement = useRead("/movements/{movement}", { movement: id });
  const head = { title: t("Who leads whom"), back: `/app/m/${id}` };
  if (!movement.data) return frame(head, unread(movement));
  const { name, member_count } = movement.data;
  const large = member_count > MOST;
  const words = tn("{name}: {n} member", "{name}: {n} members", member_count, { name });
  return frame(
    head,
    html`<p class="quiet">${words}</p>
      ${large ? html`<p>${t("It has too many members for a picture.")}</p>` : h(Drawn, { id })}`,
  );
}

/** @param {{id: string}} props */
function Drawn({ id }) {
  const reading = useRead("/movements/{movement}/network", { movement: id, format: "json" });
  const [said, say] = useState("");
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const exported = reading.data;
  useEffect(() => {
    if (!exported || !box.current) return;
    /** @type {{stop(): void} | null} */
    let picture = null;
    const at = box.current;
    void load(exported, at, say).then((it) => (picture = it));
    return () => picture?.stop();
  }, [exported]);
  if (!exported) return unread(reading);
  return html`<div
      ref=${box}
      class="picture"
      tabindex="0"
      role="application"
      aria-label=${t("Picture of the network")}
      aria-describedby="keys"
    ></div>
    <p aria-live="polite">${said}</p>
    <p class="quiet" id="keys">
      ${t("Drag to move; wheel or pinch to zoom. Keys: arrows, + and −, 0 for the whole, M for your place, N and P for the next and previous member.")}
    </p>
    <h2>${t("The same as a table")}</h2>
    ${table(exported)}`;
}

/** @param {Exported} exported @param {HTMLElement} at @param {(words: string) => void} say */
async function load(exported, at, say) {
  const [{ Picture, canDraw }, { Network: Places }] = await Promise.all([
    import(`${PAGE}picture.js`),
    import(`${PAGE}network.js`),
  ]);
  if (canDraw()) return new Picture(at, new Places(exported), say);
  say(t("This browser cannot draw it (it has no WebGL). The table has the same data."));
  return null;
}

/** @param {Exported} exported */
function table({ members, you }) {
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
