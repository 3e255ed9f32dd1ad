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
  return html`<fieldset class="choice" aria-describedby=${error ? `${name}-error` : undefined}>
    <legend>${legend}</legend>
    <div class="pills">
      ${options.map(
        ([value, words]) => html`<label key=${value}>
          <input
            type="radio"
            name=${name}
            value=${value}
            checked=${form.values[name] === value}
            onChange=${form.set(name)}
          /><span>${words}</span>
        </label>`,
      )}
    </div>
    ${wrong(name, error)}
  </fieldset>`;
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
