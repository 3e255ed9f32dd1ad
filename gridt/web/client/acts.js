// What members do from one screen each: send it, read again, and say so.
import { call } from "./service.js";
import { refused } from "./forms.js";
import { bar, changed } from "./state.js";
import { sentence } from "./words.js";

/**
 * Send something by a press of a button; a refusal is shown in the bar.
 * @param {Promise<unknown>} sent
 * @param {string} [words] what the bar says afterwards
 * @param {() => void} [then]
 */
export function act(sent, words, then) {
  const done = () => {
    changed();
    then?.();
    if (words) bar.value = { text: words };
  };
  void sent.then(done, refused((problem) => (bar.value = { text: sentence(problem) })));
}

/** @param {number | string} movement */
export const join = (movement) => call("put", "/movements/{movement}/subscriber", { movement });

/** @param {number | string} movement */
export const quit = (movement) => call("delete", "/movements/{movement}/subscriber", { movement });

/** @param {number | string} movement */
export const endPause = (movement) => call("delete", "/movements/{movement}/pause", { movement });
