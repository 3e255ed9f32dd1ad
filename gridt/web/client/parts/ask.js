// A question in a sheet: what an act leads to, and a button for it. A refusal is shown in the sheet.
import { h, html } from "../library.js";
import { useForm } from "../forms.js";
import { bar, changed } from "../state.js";
import { t } from "../words.js";
import { field, main } from "./field.js";
import { refusal } from "./notice.js";
import { Sheet } from "./sheet.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {import("../library").Child} words
 * @property {string} yes what the button says
 * @property {boolean} [ends] whether something is ended or taken away by it
 * @property {() => Promise<unknown>} send
 * @property {string} done what the bar says afterwards
 * @property {() => void} close
 * @property {() => void} [cancel] where that differs from closing
 * @property {() => void} [then]
 */

/** @param {Question} question */
export function Ask({ title, words, yes, ends, send, done, close, cancel = close, then }) {
  const form = useForm({}, () => send().then(() => finish(done, close, then)));
  const content = html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem)}
    <div class="words">${words}</div>
    <div class="answers">
      <button class=${`button main${ends ? " danger" : ""}`} aria-disabled=${form.busy ? "true" : undefined}>
        ${form.busy ? t("One moment …") : yes}
      </button>
      ${no(cancel)}
    </div>
  </form>`;
  return h(Sheet, { title, close: cancel, content });
}

/**
 * Ask for a note as well.
 * @param {{title: string, label: string, hint: string, note: string, yes: string,
 *   send: (note: string) => Promise<unknown>, done: string, close: () => void}} question
 */
export function AskNote({ title, label, hint, note, yes, send, done, close }) {
  const form = useForm({ resolution: note }, ({ resolution }) =>
    send(resolution).then(() => finish(done, close)),
  );
  const content = html`<form onSubmit=${form.submit} noValidate>
    ${refusal(form.problem, ["resolution"])}
    ${field(form, "resolution", label, { lines: 3, hint })}
    <div class="answers">${main(form, yes)} ${no(close)}</div>
  </form>`;
  return h(Sheet, { title, close, content });
}

/** @param {() => void} close */
function no(close) {
  return html`<button type="button" class="button" onClick=${close}>${t("Cancel")}</button>`;
}

/** @param {string} done @param {() => void} close @param {() => void} [then] */
function finish(done, close, then) {
  close();
  changed();
  then?.();
  bar.value = { text: done };
}
