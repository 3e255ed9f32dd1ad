// Keeps the files of one version of the app, and its page, so that it starts without a network.
// Answers of the service are never kept here.
import { flush } from "/app/~@VERSION@/outbox.js";
import { session } from "/app/~@VERSION@/service.js";
import { recall } from "/app/~@VERSION@/store.js";

const VERSION = "@VERSION@";
const FILES = ["@FILES@"];
const SHELL = "/app";
const KEPT = `gridt ${VERSION}`;
/** the milliseconds after which the kept page is shown instead of one that does not come */
const PATIENCE = 4000;

const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(install()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(begin()));
worker.addEventListener("message", (/** @type {any} */ { data }) => {
  // pages of other versions load this one at their next change of screen
  if (data === VERSION) worker.skipWaiting();
});
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/app/~")) event.respondWith(file(request));
  else if (request.mode === "navigate") event.respondWith(page(request));
});
worker.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag === "gridt-outbox") event.waitUntil(send());
});

/** Keep everything, or nothing: a service of two versions may answer with another page. */
async function install() {
  const cache = await caches.open(KEPT);
  const shell = await fetch(SHELL, { cache: "no-cache" });
  if (!(await shell.clone().text()).includes(`/app/~${VERSION}/`)) throw new Error("another version");
  await Promise.all([cache.put(SHELL, shell), cache.addAll(FILES)]);
}

/** Serve open pages from now on, and delete what earlier versions kept. */
async function begin() {
  const names = (await caches.keys()).filter((name) => name.startsWith("gridt ") && name !== KEPT);
  await Promise.all(names.map((name) => caches.delete(name)));
  await worker.clients.claim();
  for (const page of await worker.clients.matchAll()) page.postMessage({ version: VERSION });
}

/** @param {Request} request */
async function file(request) {
  return (await kept(request)) ?? fetch(request);
}

/** @param {Request | string} request */
async function kept(request) {
  const cache = await caches.open(KEPT);
  return cache.match(request, { ignoreVary: true });
}

/** @param {Request} request */
async function page(request) {
  const late = new Promise((done) => setTimeout(done, PATIENCE));
  const answer = fetch(request).catch(() => null);
  const first = await Promise.race([answer, late]);
  // a proxy answers so while the service starts
  if (first instanceof Response && first.status < 500) return first;
  return (await kept(SHELL)) ?? (await answer) ?? Response.error();
}

/** Send what the user of this browser has waiting. */
async function send() {
  const me = await recall("me", "me");
  if (!me) return;
  session.key = me.key;
  const wait = await flush(me.user, () => {});
  new BroadcastChannel("gridt").postMessage("changed");
  // the browser tries again later
  if (wait) throw new Error("the service does not answer");
}
