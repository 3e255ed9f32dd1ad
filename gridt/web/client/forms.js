// Forms: what is typed, sent, and refused.
import { useEffect, useRef, useState } from "./library.js";
import { Refused } from "./service.js";
import { about, sentence, t } from "./words.js";

/** @typedef {import("./types").Problem} Problem */

/**
 * Give `error`'s problem to `take`; anything else is a fault of the app, and thrown.
 * @param {(problem: Problem) => void} take
 * @returns {(error: unknown) => void}
 */
export const refused = (take) => (error) => {
  if (!(error instanceof Refused)) throw error;
  take(error.problem);
};

/** The field that a problem is about which names none, and what is said there. */
const BELONGS = /** @type {Record<string, string>} */ ({
  "username-taken": "username",
  "email-taken": "email",
  "another-address": "email",
  "movement-name-taken": "name",
  "group-name-taken": "name",
  "invitation-not-found": "invitation",
  "invitation-over": "invitation",
});

/**
 * Keep what is typed into a form, send it, and show at its field what is refused.
 * @template {object} V
 * @param {V} start
 * @param {(values: V) => Promise<unknown>} send
 * @param {Record<string, string>} [fields] which field of the form shows what the service refuses,
 *   by the kind of problem or the name of the member, where that is another one
 * @returns {import("./types").Form<V>}
 */
export function useForm(start, send, fields = {}) {
  const [values, setValues] = useState(start);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  return {
    values,
    problem,
    busy,
    error: (name) => problem?.errors?.find((it) => it.pointer.split("/")[1] === name)?.detail ?? "",
    set: (name) => (event) => {
      const { type, checked, value } = /** @type {HTMLInputElement} */ (event.target);
      setValues((before) => ({ ...before, [name]: type === "checkbox" ? checked : value }));
    },
    put: (changes) => setValues((before) => ({ ...before, ...changes })),
    submit(event) {
      event.preventDefault();
      if (busy) return;
      const form = /** @type {Element} */ (event.target);
      setBusy(true);
      const end = () => here.current && setBusy(false);
      const show = refused((it) => {
        setProblem(placed(it, fields));
        setTimeout(() => focusFirst(form), 50); // after it is drawn
      });
      send(values)
        .then(() => setProblem(null), show)
        .finally(end);
    },
  };
}

/**
 * Return a problem whose refusals name fields of the form, in words.
 * @type {(problem: Problem, fields: Record<string, string>) => Problem}
 */
function placed(problem, fields) {
  const kind = problem.type.replace("/problems/", "");
  const field = { ...BELONGS, ...fields }[kind];
  const own = kind === "wrong-credentials" ? t("This password is wrong.") : sentence(problem);
  const refusals = (problem.errors ?? []).map((it) => {
    const other = fields[it.pointer.split("/")[1] ?? ""];
    return { ...it, pointer: other ? `/${other}` : it.pointer, detail: about(it) };
  });
  const errors = field ? [{ pointer: `/${field}`, code: "", values: {}, detail: own }] : refusals;
  return { ...problem, errors };
}

/** Show the first field that was refused, or else the sentence above. @param {Element} form */
function focusFirst(form) {
  const first = form.querySelector("[aria-invalid=true]") ?? form.querySelector("[role=alert]");
  const closed = first?.closest("details");
  if (closed) closed.open = true;
  const inside = first?.matches("fieldset") && first.querySelector("input:checked, input");
  const shown = inside || first;
  if (!(shown instanceof HTMLElement)) return;
  shown.focus({ preventScroll: true });
  first?.scrollIntoView({ block: "center" });
}
