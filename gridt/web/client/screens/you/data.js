// Take along, bring, and the address of the calendar.
import { h, html, useState } from "../../library.js";
import { act } from "../../acts.js";
import { save } from "../../files.js";
import { Copied } from "../../parts/copied.js";
import { frame } from "../../parts/frame.js";
import { unread } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { useRead } from "../../reading.js";
import { call } from "../../service.js";
import { t } from "../../words.js";

const FORMATS = /** @type {const} */ (["json", "csv", "ics"]);

export function Data() {
  const words = {
    json: [t("Everything"), t("All that this service knows about you, as JSON.")],
    csv: [t("What you did"), t("A table for spreadsheets, as CSV.")],
    ics: [t("What you did, for calendars"), t("One event for each completed turn.")],
  };
  return frame(
    { title: t("Your data"), back: "/app/you" },
    html`<h2>${t("Export")}</h2>`,
    rows(
      FORMATS.map((format) => {
        const [title, below] = words[format];
        return row({ key: format, title, below, act: saveButton(format, title ?? "") });
      }),
    ),
    html`<h2>${t("Import")}</h2>`,
    rows([
      row({
        key: "import",
        title: t("Import what you did elsewhere"),
        href: "/app/you/import",
        below: t("Tables of dates, and files of Loop, beaverhabits, Habitica and HabitBull."),
      }),
    ]),
    html`<h2>${t("Calendar")}</h2>`,
    h(Calendar, {}),
  );
}

/** @param {string} format @param {string} title */
function saveButton(format, title) {
  const press = () => act(save(`/identity/export?format=${format}`, `gridt.${format}`));
  const label = t("Save: {title}", { title });
  return html`<button type="button" class="button" aria-label=${label} onClick=${press}>${t("Save")}</button>`;
}

function Calendar() {
  const reading = useRead("/identity/calendar");
  const [url, setUrl] = useState("");
  if (!reading.data) return unread(reading);
  const make = () => act(call("post", "/identity/calendar").then((made) => setUrl(made.url)));
  const stop = () =>
    act(call("delete", "/identity/calendar").then(() => setUrl("")), t("The address leads nowhere any more."));
  const { since } = reading.data;
  return html`<p>${t("A secret address by which calendar programs show what is due.")}</p>
    ${url && html`<p class="notice done">${t("It is shown only now:")}</p>
    ${h(Copied, {
      id: "calendar",
      label: t("Address"),
      text: new URL(url, location.origin).href,
      copy: t("Copy the address"),
      done: t("The address is copied."),
    })}`}
    <p class="actions">
      <button type="button" class="button" onClick=${make}>
        ${since ? t("Make another address") : t("Make an address")}
      </button>
      ${since && html`<button type="button" class="button" onClick=${stop}>${t("Revoke the address")}</button>`}
    </p>`;
}
