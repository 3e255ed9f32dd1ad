// Reading for screens: what they show, and what they send.
import { useEffect, useRef, useState } from "./library.js";
import { Refused, addressOf, call, page } from "./service.js";
import { changes } from "./state.js";
import { keep, recall } from "./store.js";
import { about } from "./words.js";

/** @typedef {import("./types").Problem} Problem */

/** the screens that are kept, for a start without a network, and how many of them */
const OVERVIEW = "/movements/{movement}/overview";
const MOST = 20;

/**
 * Give `error`'s problem to `take`; anything else is a fault of the app, and thrown.
 * @param {(problem: Problem) => void} take
 * @returns {(error: unknown) => void}
 */
export const refused = (take) => (error) => {
  if (!(error instanceof Refused)) throw error;
  take(error.problem);
};

/**
 * Read an address, and again after each change.
 * @type {import("./types").UseRead}
 */
export const useRead = (path, values) => {
  const address = addressOf(path, values ?? {});
  const [data, setData] = useState(/** @type {any} */ (null));
  const [asOf, setAsOf] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let current = true;
    let answered = false;
    /** @param {any} content @param {string} moment */
    const show = (content, moment) => current && (setData(content), setAsOf(moment));
    if (path === OVERVIEW && !data) {
      void kept().then((all) => {
        const it = all.find((one) => one.address === address);
        if (it && !answered) show(it.answer, it.asOf);
      });
    }
    const read = /** @type {(...rest: any[]) => Promise<any>} */ (call);
    read("get", path, values ?? {}).then(
      (answer) => {
        answered = true;
        const moment = new Date().toISOString();
        show(answer, moment);
        if (current) setProblem(null);
        if (current && path === OVERVIEW) void remember({ address, asOf: moment, answer });
      },
      refused((it) => current && setProblem(it)),
    );
    return () => void (current = false);
  }, [address, changes.value, tries]);
  return { data, problem, asOf: problem && data ? asOf : null, again: () => setTries(tries + 1) };
};

/** @typedef {{address: string, asOf: string, answer: unknown}} Seen */

/** @returns {Promise<Seen[]>} */
const kept = async () => (await recall("seen", "overviews")) ?? [];

/** @param {Seen} seen */
async function remember(seen) {
  const others = (await kept()).filter(({ address }) => address !== seen.address);
  await keep("seen", "overviews", [seen, ...others].slice(0, MOST));
}

/**
 * Read a list, page by page.
 * @type {import("./types").UsePages}
 */
export const usePages = (path, values) => {
  const address = addressOf(path, values ?? {});
  const [data, setData] = useState(/** @type {any[] | null} */ (null));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [tries, setTries] = useState(0);
  const wanted = useRef(address);
  wanted.current = address;
  /** @param {string} from @param {any[]} before */
  const read = (from, before) =>
    page(from).then((it) => {
      if (wanted.current !== address) return; // an answer to what was typed before
      setData([...before, ...it.rows]);
      setNext(it.next);
      setProblem(null);
    }, refused(setProblem));
  useEffect(() => void read(address, []), [address, changes.value, tries]);
  const more = next && data ? () => void read(next, data) : null;
  return { data, problem, more, again: () => setTries(tries + 1) };
};

/**
 * Keep what is typed into a form, send it, and show at its field what is refused.
 * @template {object} V
 * @param {V} start
 * @param {(values: V) => Promise<unknown>} send
 * @returns {import("./types").Form<V>}
 */
export function useForm(start, send) {
  const [values, setValues] = useState(start);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const here = useRef(true);
  useEffect(() => () => void (here.current = false), []);
  return {
    values,
    problem,
    busy,
    error(name) {
      const refusals = problem?.errors ?? [];
      const refusal = refusals.find(({ pointer }) => pointer.split("/")[1] === name);
      return refusal ? about(refusal) : "";
    },
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
        setProblem(it);
        // after it is drawn: the first refused field, or else the sentence above
        setTimeout(() => focusFirst(form), 50);
      });
      send(values)
        .then(() => setProblem(null), show)
        .finally(end);
    },
  };
}

/** @param {Element} form */
function focusFirst(form) {
  const first = form.querySelector("[aria-invalid=true]");
  if (first instanceof HTMLElement) first.focus();
}
