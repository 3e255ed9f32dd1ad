// Fields of forms, with the sentence about what was refused.
import { html } from "../library.js";
import { t } from "../words.js";
import { icon } from "./icons.js";

/**
 * @template {object} V
 * @param {import("../types").Form<V>} form
 * @param {keyof V & string} name
 * @param {string} label
 * @param {Record<string, unknown>} [more] attributes of the input; `hint` stands below the label
 */
export function field(form, name, label, { hint, lines, ...more } = {}) {
  const error = form.error(name);
  const ids = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  const shared = {
    id: name,
    name,
    value: form.values[name],
    onInput: form.set(name),
    "aria-invalid": error ? "true" : undefined,
    "aria-describedby": ids || undefined,
    ...more,
  };
  return html`<div class="field">
    <label for=${name}>${label}</label>
    ${hint && html`<p class="hint" id=${`${name}-hint`}>${hint}</p>`}
    ${lines ? html`<textarea rows=${lines} ...${shared}></textarea>` : html`<input ...${shared} />`}
    ${wrong(name, error)}
  </div>`;
}

/**
 * @param {string} name
 * @param {string} error
 */
export function wrong(name, error) {
  return error && html`<p class="wrong" id=${`${name}-error`}>${icon("alert")} ${error}</p>`;
}

/**
 * @template {object} V
 * @param {import("../types").Form<V>} form
 * @param {keyof V & string} name
 * @param {string} label
 * @param {[string, string][]} options values and words
 * @param {string} [hint]
 */
export function list(form, name, label, options, hint) {
  const error = form.error(name);
  const ids = [hint && `${name}-hint`, error && `${name}-error`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${name}>${label}</label>
    ${hint && html`<p class="hint" id=${`${name}-hint`}>${hint}</p>`}
    <select
      id=${name}
      value=${form.values[name]}
      onChange=${form.set(name)}
      aria-invalid=${error ? "true" : undefined}
      aria-describedby=${ids || undefined}
    >
      ${options.map(
        ([value, words]) =>
          html`<option key=${value} value=${value} selected=${value === form.values[name]}>
            ${words}
          </option>`,
      )}
    </select>
    ${wrong(name, error)}
  </div>`;
}

/**
 * The main button of a form.
 * @param {{busy: boolean}} form
 * @param {string} words
 */
export function main(form, words) {
  return html`<button class="button main" aria-disabled=${form.busy ? "true" : undefined}>
    ${form.busy ? t("One moment …") : words}
  </button>`;
}
