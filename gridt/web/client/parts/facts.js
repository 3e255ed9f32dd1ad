// A line of facts, which breaks between facts and not within one.
import { html } from "../library.js";

/** @param {(string | false | null | undefined)[]} words */
export function facts(words) {
  const shown = words.filter(Boolean);
  return shown.map(
    (it, at) => html`<span key=${at} class="fact">${it}${at < shown.length - 1 ? " · " : ""}</span> `,
  );
}
