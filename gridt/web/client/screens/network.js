// Who leads whom: the picture of the network page, and the same as a table.
import { h, html, useEffect, useRef, useState } from "../library.js";
import { frame } from "../parts/frame.js";
import { legend, table } from "../parts/marks.js";
import { unread } from "../parts/notice.js";
import { useRead } from "../reading.js";
import { t, tn } from "../words.js";

/** where the network page has its modules; they have no types */
const PAGE = "/static/network/";
/** with more members, a picture would be a cloud, and an answer too long for a phone */
const MOST = 500;

/** @typedef {import("../types").Schemas["Network"]} Exported */

/** what the picture says about members */
const WORDS = {
  you: () => t("you"),
  leads: () => t("leads you"),
  follows: () => t("follows you"),
  live: () => t("active"),
  silent: () => t("silent"),
  followers: (/** @type {number} */ n) => tn("{n} follower", "{n} followers", n),
  leaders: (/** @type {number} */ n) => tn("follows {n}", "follows {n}", n),
  moved: () => t("moved"),
};

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

/** @typedef {{stop(): void, do(what: string): void}} Picture */

/** @param {{id: string}} props */
function Drawn({ id }) {
  const reading = useRead("/movements/{movement}/network", { movement: id, format: "json" });
  const [said, say] = useState("");
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const picture = useRef(/** @type {Picture | null} */ (null));
  const [fails, setFails] = useState(false);
  const exported = reading.data;
  useEffect(() => {
    if (!exported || !box.current) return;
    let current = true;
    leaveOneFinger(box.current);
    void load(exported, box.current, say).then((it) => {
      if (!current) return it?.stop();
      picture.current = it;
      setFails(!it);
    });
    return () => {
      current = false;
      picture.current?.stop();
    };
  }, [exported]);
  if (!exported) return unread(reading);
  if (fails) {
    const words = t("This browser cannot draw it (it has no WebGL). The table has the same data.");
    return html`<p role="status">${words}</p>${table(exported)}`;
  }
  const buttons = [
    ["closer", t("Zoom in")],
    ["farther", t("Zoom out")],
    ["whole", t("Show all")],
    ["me", t("Show my place")],
  ];
  return html`<div
      ref=${box}
      class="picture"
      tabindex="0"
      role="application"
      aria-label=${t("Picture of the network")}
      aria-describedby="keys"
    ></div>
    <p class="actions small-ones">
      ${buttons.map(
        ([what = "", words]) => html`<button key=${what} type="button" class="button" onClick=${() => picture.current?.do(what)}>
          ${words}
        </button>`,
      )}
    </p>
    <p aria-live="polite">${said}</p>
    ${legend()}
    <p class="quiet" id="keys">
      ${t("Two fingers or the buttons zoom; one finger scrolls the page. With a mouse: drag to move, wheel to zoom. Keys: arrows, + and −, 0 for the whole, M for your place, N and P for the next and previous member.")}
    </p>
    <h2>${t("The same as a table")}</h2>
    ${table(exported)}`;
}

/** Let one finger scroll the page; two are for the picture. @param {HTMLElement} at */
function leaveOneFinger(at) {
  const pass = (/** @type {TouchEvent} */ event) => {
    if (event.touches.length < 2) event.stopPropagation();
  };
  at.addEventListener("touchstart", pass, { capture: true, passive: true });
}

/** @param {Exported} exported @param {HTMLElement} at @param {(words: string) => void} say */
async function load(exported, at, say) {
  const [{ Picture, canDraw }, { Network: Places }] = await Promise.all([
    import(`${PAGE}picture.js`),
    import(`${PAGE}network.js`),
  ]);
  return canDraw() ? new Picture(at, new Places(exported, WORDS), say) : null;
}
