// Import what a member did elsewhere: choose a file, look at what would be saved, save it.
import { html, useState } from "../../library.js";
import { toggle } from "../../parts/choice.js";
import { list } from "../../parts/field.js";
import { frame } from "../../parts/frame.js";
import { empty, refusal } from "../../parts/notice.js";
import { row, rows } from "../../parts/rows.js";
import { bring } from "../../files.js";
import { useForm } from "../../forms.js";
import { go } from "../../router.js";
import { bar, changed, today } from "../../state.js";
import { about, date, t, tn } from "../../words.js";

/** @typedef {import("../../types").Schemas["ImportResult"]} Result */

/** how many rows are shown */
const MOST = 20;
/** @type {Record<string, () => string>} */
const OUTCOMES = {
  imported: () => t("is saved"),
  duplicate: () => t("is here already"),
  not_done: () => t("was not done"),
  other_movement: () => t("is of another habit"),
};

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
  const isWrong = preview?.rows?.some(({ outcome }) => outcome === "refused");
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
      ${!isWrong &&
      html`<button class="button main" aria-disabled=${form.busy || !file ? "true" : undefined}>
        ${preview ? tn("Import {n} row", "Import {n} rows", preview.imported) : t("Look at it first")}
      </button>`}
    </form>`,
  );
}

/** @param {import("../../types").Problem | null} problem */
function refusals(problem) {
  const errors = problem?.errors ?? [];
  if (!errors.length) return null;
  return html`<ul class="plain">
    ${errors.slice(0, MOST).map((it) => html`<li key=${it.pointer}>${placeOf(it.pointer)} ${about(it)}</li>`)}
    ${errors.length > MOST && html`<li>${tn("and {n} more row", "and {n} more rows", errors.length - MOST)}</li>`}
  </ul>`;
}

/** @param {string} pointer such as #/rows/3/date */
function placeOf(pointer) {
  const [, part, n, column] = pointer.split("/");
  return part === "rows" && n ? place(n, column) : "";
}

/** @param {string | number} n @param {string} [column] */
function place(n, column) {
  return column ? t("Row {n}, column “{column}”:", { n, column }) : t("Row {n}:", { n });
}

/** @param {Result} preview */
function previewed({ program, rows: all = [] }) {
  const wrong = all.filter(({ outcome }) => outcome === "refused");
  const rest = all.filter(({ outcome }) => outcome !== "refused");
  return html`<div role="status">
      <p class="notice">${program}</p>
      ${wrong.length > 0 && wrongRows(wrong)}
      ${outcomes(rest, wrong.length > 0)}
    </div>
    ${rows(
      rest.slice(0, MOST).map((it) =>
        row({
          key: it.row,
          title: it.time_stamp ? date(it.time_stamp, { dateStyle: "long" }) : t("Row {n}", { n: it.row }),
          below: about(it) || (OUTCOMES[it.outcome]?.() ?? it.outcome),
        }),
      ),
    )}
    ${rest.length > MOST && html`<p class="quiet">${tn("and {n} more row", "and {n} more rows", rest.length - MOST)}</p>`}`;
}

/** @param {NonNullable<Result["rows"]>} wrong */
function wrongRows(wrong) {
  const n = wrong.length;
  return html`<p>
      ${tn("{n} row is wrong, so nothing can be saved yet. Correct it in the file, and choose the file again.", "{n} rows are wrong, so nothing can be saved yet. Correct them in the file, and choose the file again.", n)}
    </p>
    <ul class="plain">
      ${wrong.slice(0, MOST).map((it) => html`<li key=${it.row}>${place(it.row, it.column)} ${about(it)}</li>`)}
      ${n > MOST && html`<li>${tn("and {n} more row", "and {n} more rows", n - MOST)}</li>`}
    </ul>`;
}

/**
 * Say how many rows have each outcome.
 * @param {NonNullable<Result["rows"]>} rest @param {boolean} later whether other rows are wrong
 */
function outcomes(rest, later) {
  const count = (/** @type {string} */ name) => rest.filter(({ outcome }) => outcome === name).length;
  const saved = count("imported");
  const words = [
    later
      ? tn("Of the others, {n} row would be saved.", "Of the others, {n} rows would be saved.", saved)
      : tn("{n} row can be saved.", "{n} rows can be saved.", saved),
    count("duplicate") && tn("{n} row is here already.", "{n} rows are here already.", count("duplicate")),
    count("not_done") && tn("{n} row says that it was not done.", "{n} rows say that it was not done.", count("not_done")),
    count("other_movement") && tn("{n} row is of another habit.", "{n} rows are of other habits.", count("other_movement")),
  ];
  return html`<p>${words.filter(Boolean).join(" ")}</p>`;
}
