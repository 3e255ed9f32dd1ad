// The worker that keeps the app: registered here, and followed by the one of the next version.
import { signal } from "./library.js";
import { leaving } from "./router.js";
import { sending } from "./updates.js";

const ADDRESS = "/app/worker.js";
/** the version of this page */
const VERSION = /~(\w+)/.exec(import.meta.url)?.[1] ?? "";
/** the milliseconds between two looks for a new version */
const OFTEN = 3_600_000;

/** Whether this browser keeps the app; null until that is known. */
export const kept = signal(/** @type {boolean | null} */ (null));
/** Whether another version serves this page. */
let isOld = false;
/** Where something was typed last. @type {Node | null} */
let typed = null;

/** Let the browser keep the app, and look for a new version while it is open. */
export async function install() {
  if (!("serviceWorker" in navigator)) return void (kept.value = false);
  const workers = navigator.serviceWorker;
  workers.addEventListener("message", ({ data }) => {
    if (data.version) isOld = data.version !== VERSION;
  });
  document.addEventListener("input", ({ target }) => (typed = /** @type {Node} */ (target)));
  try {
    const options = /** @type {const} */ ({ scope: "/app", type: "module", updateViaCache: "none" });
    const registration = await workers.register(trusted(), options);
    greet(registration.waiting);
    registration.addEventListener("updatefound", () => watch(registration.installing));
    look(registration);
    leaving.byLoading = () => follow(registration);
    kept.value = Boolean(await workers.ready);
  } catch {
    kept.value = false;
  }
}

/** The only address that this page may run as a script, beside its modules. */
function trusted() {
  const types = /** @type {any} */ (window).trustedTypes;
  if (!types) return ADDRESS;
  const policy = types.createPolicy("gridt", {
    /** @param {string} address */
    createScriptURL(address) {
      if (address !== ADDRESS) throw new TypeError(`${address} is not the worker`);
      return address;
    },
  });
  return policy.createScriptURL(ADDRESS);
}

/** @param {ServiceWorker | null} worker */
function watch(worker) {
  worker?.addEventListener("statechange", () => worker.state === "installed" && greet(worker));
}

/** A worker of this page's version begins at once. @param {ServiceWorker | null} worker */
function greet(worker) {
  worker?.postMessage(VERSION);
}

/** @param {ServiceWorkerRegistration} registration */
function look(registration) {
  let last = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - last < OFTEN) return;
    last = Date.now();
    void registration.update().catch(() => null); // without a network
  });
}

/**
 * At a change of screen, load the new version, unless the screen has a form that is half filled in,
 * or something is being sent. The page that comes lets its worker begin.
 * @param {ServiceWorkerRegistration} registration
 */
function follow({ waiting }) {
  const isHalfFilled = typed?.isConnected; // it still shows the screen that is left
  typed = null;
  if (isHalfFilled || sending.count > 0 || !navigator.onLine || !(isOld || waiting)) return false;
  location.reload();
  return true;
}
