// Reports: what members ask admins to look at.
import { h, html, useState } from "../../library.js";
import { frame } from "../../parts/frame.js";
import { paged, pills } from "../../parts/narrow.js";
import { empty } from "../../parts/notice.js";
import { usePages } from "../../reading.js";
import { t } from "../../words.js";
import { Judged, reportCard } from "./report.js";

/** @typedef {import("../../types").Schemas["Report"]} Report */

export function Reports() {
  const [reporter] = useState(() => new URLSearchParams(location.search).get("reporter") ?? "");
  const [state, setState] = useState("open");
  const [asked, setAsked] = useState(/** @type {{about: string, report: Report} | null} */ (null));
  const by = /^\d+$/.test(reporter) ? { reporter: Number(reporter) } : {};
  const pages = usePages("/admin/reports", { state: state === "closed" ? "closed" : "open", limit: 20, ...by });
  const head = { title: t("Reports"), back: "/app/admin" };
  /** @param {Report[]} reports */
  const list = (reports) =>
    reports.length
      ? html`<ul class="cards">${reports.map((it) => reportCard(it, (about) => setAsked({ about, report: it })))}</ul>`
      : empty(state === "open" ? t("There is nothing to look at.") : t("No report is closed yet."));
  const states = /** @type {[string, string][]} */ ([
    ["open", t("Open")],
    ["closed", t("Closed")],
  ]);
  return frame(
    head,
    reporter &&
      html`<p class="quiet">
        ${t("Only reports by person {id}.", { id: reporter })} <a href=${`/app/admin/people/${reporter}`}>${t("Show this person")}</a>
      </p>`,
    pills("state", t("Which reports"), states, state, setState),
    paged(pages, list),
    asked && h(Judged, { key: `${asked.about} ${asked.report.id}`, ...asked, set: setAsked }),
  );
}
