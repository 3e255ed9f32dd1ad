// A sheet over the screen, for a question or a short form.
import { html, useEffect, useRef } from "../library.js";
import { t } from "../words.js";

/** @typedef {import("../library").Child} Child */

/**
 * @param {{title: string, close: () => void, content: Child}} props
 */
export function Sheet({ title, close, content }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return html`<dialog ref=${dialog} class="sheet" aria-labelledby="sheet-title" onClose=${close}>
    <h2 id="sheet-title" tabindex="-1" autofocus>${title}</h2>
    ${content}
  </dialog>`;
}

/**
 * A question with two answers.
 * @param {{busy?: boolean, words: Child, yes: string, act: () => void, close: () => void}} question
 */
export function question({ busy, words, yes, act, close }) {
  return html`<div class="words">${words}</div>
    <div class="answers">
      <button type="button" class="button main" aria-disabled=${busy ? "true" : undefined} onClick=${act}>
        ${yes}
      </button>
      <button type="button" class="button" onClick=${close}>${t("Cancel")}</button>
    </div>`;
}
