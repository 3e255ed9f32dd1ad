// The icons: drawn for the app, on a grid of 24, with a stroke of 2.
import { html } from "../library.js";

/** @type {Record<string, string>} */
const PATHS = {
  today: "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-4 3-6 6.500-6s6.500 2 6.500 6M16 4.300a3.500 3.500 0 0 1 0 6.500M18 14.500c2 .8 3.500 2.600 3.500 5.500",
  find: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L21 21",
  you: "M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c0-4 3.300-6.500 7.500-6.500s7.500 2.500 7.500 6.500",
  check: "M5 12.500l4.500 4.500L19 7.500",
  undo: "M8 5L4 9l4 4M4 9h10a5.500 5.500 0 0 1 0 11H9",
  pause: "M8 5v14M16 5v14",
  swap: "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  back: "M15 5l-7 7 7 7",
  onward: "M9 5l7 7-7 7",
  plus: "M12 5v14M5 12h14",
  alert: "M12 8v5M12 16.500h.01M12 3l9.500 17h-19z",
  words: "M4 5h16v11H10l-5 4v-4H4z",
  network: "M12 12L6 6M12 12l6-6M12 12l-6 6M12 12l6 6M6 6h.01M18 6h.01M6 18h.01M18 18h.01",
};

/**
 * @param {string} name
 * @param {string} [label] for readers, where no words stand beside it
 */
export function icon(name, label) {
  return html`<svg
    class=${`icon icon-${name}`}
    viewBox="0 0 24 24"
    role=${label ? "img" : undefined}
    aria-label=${label}
    aria-hidden=${label ? undefined : "true"}
  ><path d=${PATHS[name]} /></svg>`;
}
