// A text that is shown once, with a button that copies it.
import { html, useRef } from "../library.js";
import { bar } from "../state.js";

/** @param {{id: string, label: string, text: string, copy: string, done: string}} props */
export function Copied({ id, label, text, copy, done }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const said = () => void (bar.value = { text: done });
  const press = () => {
    input.current?.select();
    // pages without TLS have no clipboard: there the selection is copied the old way
    if (navigator.clipboard) void navigator.clipboard.writeText(text).then(said, () => {});
    else if (document.execCommand("copy")) said();
  };
  return html`<div class="field copied">
    <label for=${id}>${label}</label>
    <input id=${id} ref=${input} readonly value=${text} />
    <button type="button" class="button" onClick=${press}>${copy}</button>
  </div>`;
}
