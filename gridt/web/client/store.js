// What the browser keeps: who is logged in, what was read last, and what waits to be sent.
// Where it keeps nothing, all of it is in memory.

/** @typedef {"me" | "seen" | "outbox"} Name */

/** @type {Map<string, unknown>} */
const memory = new Map();
/** @type {Promise<IDBDatabase | null> | undefined} */
let opening;
/** Whether the browser keeps what is written here. */
export const keeping = { lasts: true };

function open() {
  opening ??= new Promise((done) => {
    const failed = () => {
      keeping.lasts = false;
      done(null);
    };
    try {
      const request = indexedDB.open("gridt", 1);
      request.onupgradeneeded = () => {
        for (const name of ["me", "seen", "outbox"]) request.result.createObjectStore(name);
      };
      request.onsuccess = () => {
        // the browser may close it, as when it frees space
        request.result.onclose = () => (opening = undefined);
        done(request.result);
      };
      request.onerror = failed;
    } catch {
      failed();
    }
  });
  return opening;
}

/**
 * Return the result once it is stored; undefined where that fails.
 * @param {Name} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} ask
 * @returns {Promise<any>}
 */
async function within(name, mode, ask) {
  const database = await open();
  if (!database) return undefined;
  return new Promise((done) => {
    try {
      const transaction = database.transaction(name, mode);
      const request = ask(transaction.objectStore(name));
      transaction.oncomplete = () => done(request.result);
      transaction.onabort = () => done(undefined);
    } catch {
      opening = undefined;
      done(undefined);
    }
  });
}

/**
 * @param {Name} name
 * @param {string} key
 * @returns {Promise<any>}
 */
export async function recall(name, key) {
  const kept = await within(name, "readonly", (store) => store.get(key));
  return keeping.lasts ? kept : memory.get(`${name} ${key}`);
}

/**
 * Return all that a store has, in the order of the keys.
 * @param {Name} name
 * @returns {Promise<any[]>}
 */
export async function recallAll(name) {
  const kept = await within(name, "readonly", (store) => store.getAll());
  if (keeping.lasts) return kept ?? [];
  return [...memory].flatMap(([key, value]) => (key.startsWith(`${name} `) ? [value] : []));
}

/**
 * Keep a value, and return whether the browser did.
 * @param {Name} name
 * @param {string} key
 * @param {unknown} value
 */
export async function keep(name, key, value) {
  const stored = await within(name, "readwrite", (store) => store.put(value, key));
  if (!keeping.lasts) memory.set(`${name} ${key}`, value);
  return stored !== undefined;
}

/** @param {Name} name @param {string} key */
export async function drop(name, key) {
  memory.delete(`${name} ${key}`);
  await within(name, "readwrite", (store) => store.delete(key));
}

/** Forget who is logged in and what was read; what waits to be sent stays. */
export async function forget() {
  for (const key of memory.keys()) if (!key.startsWith("outbox ")) memory.delete(key);
  await within("me", "readwrite", (store) => store.clear());
  await within("seen", "readwrite", (store) => store.clear());
}
