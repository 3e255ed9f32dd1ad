// Reading for screens.
import { useEffect, useRef, useState } from "./library.js";
import { refused } from "./forms.js";
import { addressOf, call, page } from "./service.js";
import { changes } from "./state.js";
import { keep, recall } from "./store.js";

/** @typedef {import("./types").Problem} Problem */

/** the screens that are kept, for a start without a network, and how many of them */
const OVERVIEW = "/movements/{movement}/overview";
const MOST = 20;

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
export const usePages = (path, values, start = 0) => {
  const address = addressOf(path, values ?? {});
  const [data, setData] = useState(/** @type {any[] | null} */ (null));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [tries, setTries] = useState(0);
  const wanted = useRef(address);
  const shown = useRef(start); // how many rows: after a change, as many are read again
  if (wanted.current !== address) shown.current = 0;
  wanted.current = address;
  /** @type {(from: string, before: any[]) => Promise<unknown>} */
  const read = (from, before) =>
    page(from).then((it) => {
      if (wanted.current !== address) return; // an answer to what was typed before
      const rows = [...before, ...it.rows];
      if (it.next && rows.length < (shown.current ?? 0)) return void read(it.next, rows);
      shown.current = rows.length;
      setData(rows);
      setNext(it.next);
      setProblem(null);
    }, refused(setProblem));
  useEffect(() => void read(address, []), [address, changes.value, tries]);
  const more = next && data ? () => void read(next, data) : null;
  return { data, problem, more, again: () => setTries(tries + 1) };
};
