// What the browser keeps: who is logged in, and what was read last. In memory where it keeps nothing.

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
      request.onsuccess = () => done(request.result);
      request.onerror = failed;
    } catch {
      failed();
    }
  });
  return opening;
}

/**
 * @param {string} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} ask
 * @returns {Promise<any>}
 */
async function within(name, mode, ask) {
  const database = await open();
  if (!database) return undefined;
  return new Promise((done) => {
    const request = ask(database.transaction(name, mode).objectStore(name));
    request.onsuccess = () => done(request.result);
    request.onerror = () => done(undefined);
  });
}

/**
 * @param {"me" | "seen"} name
 * @param {string} key
 * @returns {Promise<any>}
 */
export async function recall(name, key) {
  return (await within(name, "readonly", (store) => store.get(key))) ?? memory.get(`${name} ${key}`);
}

/**
 * @param {"me" | "seen"} name
 * @param {string} key
 * @param {unknown} value
 */
export async function keep(name, key, value) {
  memory.set(`${name} ${key}`, value);
  await within(name, "readwrite", (store) => store.put(value, key));
}

/** Forget everything but what waits to be sent. */
export async function forget() {
  memory.clear();
  await within("me", "readwrite", (store) => store.clear());
  await within("seen", "readwrite", (store) => store.clear());
}
