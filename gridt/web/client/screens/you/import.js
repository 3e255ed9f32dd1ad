// Import what a member did elsewhere: choose a file, look at what would be saved, save it.
import { html, useState } from "../../library.js";
import { toggle } from "../../parts/choice.js";
import { list } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { empty, refusal } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { bring } from "../../files.js";
import { useForm } from "../../reading.js";
import { go } from "../../router.js";
import { bar, changed, today } from "../../state.js";
import { about, date, t, tn } from "../../words.js";

/** @typedef {import("../../types").Schemas["ImportResult"]} Result */

export function Import() {
  const movements = today.value?.movements ?? [];
  const [file, setFile] = useState(/** @type {File | null} */ (null));
  const [preview, setPreview] = useState(/** @type {Result | null} */ (null));
  const start = { movement: String(movements[0]?.id ?? ""), all: false, skip: true };
  const form = useForm(start, ({ movement, all, skip }) => {
    if (!file) return Promise.resolve();
    const query = {
      dry_run: String(!preview),
      skip_duplicates: String(skip),
      time_zone: "mine",
      .../** @type {Record<string, string>} */ (all ? { movement: "this" } : {}),
    };
    return bring(movement, file, query).then((result) => {
      if (!preview) return setPreview(result);
      changed();
      go(`/app/m/${movement}`, true);
      bar.value = { text: tn("{n} row is saved.", "{n} rows are saved.", result.imported) };
    });
  });
  const head = { title: t("Import what you did elsewhere"), back: "/app/you/data" };
  if (!movements.length) return frame(head, empty(t("Join a movement first: an import goes into one.")));
  /** @param {Event} event */
  const choose = ({ target }) => {
    setFile(/** @type {HTMLInputElement} */ (target).files?.[0] ?? null);
    setPreview(null);
  };
  const names = /** @type {[string, string][]} */ (movements.map(({ id, name }) => [String(id), name]));
  return frame(
    head,
    html`<form onSubmit=${form.submit} onChange=${() => setPreview(null)} noValidate>
      ${refusal(form.problem)} ${refusals(form.problem)}
      ${list(form, "movement", t("Into which movement"), names)}
      <div class="field">
        <label for="file">${t("File")}</label>
        <input id="file" type="file" accept=".csv,.tsv,.txt,.json,.ics" onChange=${choose} />
      </div>
      ${toggle(form, "all", t("Import all habits of the file"), t("Otherwise only rows with the name of the movement."))}
      ${toggle(form, "skip", t("Leave out what is here already"))} ${preview && previewed(preview)}
      <button class="button main" aria-disabled=${form.busy || !file ? "true" : undefined}>
        ${preview ? tn("Import {n} row", "Import {n} rows", preview.imported) : t("Look at it first")}
      </button>
    </form>`,
  );
}

/** @param {import("../../types").Problem | null} problem */
function refusals(problem) {
  const errors = problem?.errors ?? [];
  if (!errors.length) return null;
  return html`<ul class="plain">
    ${errors.slice(0, 10).map((it) => html`<li key=${it.pointer}>${placeOf(it.pointer)} ${about(it)}</li>`)}
  </ul>`;
}

/** @param {string} pointer such as #/rows/3/date */
function placeOf(pointer) {
  const [, part, n] = pointer.split("/");
  return part === "rows" && n ? t("Row {n}:", { n }) : "";
}

/** @param {Result} preview */
function previewed({ imported, program, rows: all = [] }) {
  const refused = all.filter(({ outcome }) => outcome === "refused").length;
  /** @type {Record<string, string>} */
  const words = {
    imported: t("is saved"),
    duplicate: t("is here already"),
    not_done: t("was not done"),
    other_movement: t("is of another habit"),
    refused: t("is refused"),
  };
  return html`<div role="status">
      <p class="notice">${program}</p>
      <p>
        ${refused
          ? tn("{n} row is refused, so nothing is saved.", "{n} rows are refused, so nothing is saved.", refused)
          : tn("{n} row can be saved.", "{n} rows can be saved.", imported)}
      </p>
    </div>
    ${rows(
      all.slice(0, 20).map((it) =>
        row({
          key: it.row,
          title: it.time_stamp ? date(it.time_stamp, { dateStyle: "long" }) : t("Row {n}", { n: it.row }),
          below: about(it) || (words[it.outcome] ?? it.outcome),
        }),
      ),
    )}
    ${all.length > 20 && html`<p class="quiet">${tn("and {n} more row", "and {n} more rows", all.length - 20)}</p>`}`;
}
