// One of a few: pills over radio buttons; and a switch, over a checkbox.
import { html } from "../library.js";
import { wrong } from "./field.js";

/**
 * @template {object} V
 * @param {import("../types").Form<V>} form
 * @param {keyof V & string} name
 * @param {string} legend
 * @param {[string, string][]} options values and words
 */
export function choice(form, name, legend, options) {
  const error = form.error(name);
  return html`<fieldset
    class="choice"
    role="radiogroup"
    aria-invalid=${error ? "true" : undefined}
    aria-describedby=${error ? `${name}-error` : undefined}
  >
    <legend>${legend}</legend>
    ${radios(name, options, form.values[name], () => form.set(name))}
    ${wrong(name, error)}
  </fieldset>`;
}

/**
 * @param {string} name
 * @param {[string, string][]} options values and words
 * @param {unknown} chosen
 * @param {(value: string) => (event: Event) => void} change
 */
export function radios(name, options, chosen, change) {
  return html`<div class="pills">
    ${options.map(
      ([value, words]) => html`<label key=${value}>
        <input
          type="radio"
          name=${name}
          value=${value}
          checked=${chosen === value}
          onChange=${change(value)}
        /><span>${words}</span>
      </label>`,
    )}
  </div>`;
}

/**
 * @template {object} V
 * @param {import("../types").Form<V>} form
 * @param {keyof V & string} name
 * @param {string} words
 * @param {string} [hint]
 */
export function toggle(form, name, words, hint) {
  return html`<div class="toggle">
    <label>
      <span>${words}</span>
      <input
        type="checkbox"
        role="switch"
        checked=${form.values[name]}
        onChange=${form.set(name)}
        aria-describedby=${hint ? `${name}-hint` : undefined}
      />
    </label>
    ${hint && html`<p class="hint" id=${`${name}-hint`}>${hint}</p>`}
  </div>`;
}
