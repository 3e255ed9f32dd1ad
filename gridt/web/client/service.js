// Calls to the service. Each is typed by its path and method, from the OpenAPI document.

/** The half of the session that scripts hold, and what to do when the session is over. */
export const session = { key: "", over: () => {} };

/** The milliseconds from the device's clock to the service's, as its last answer showed them. */
export const clock = { offset: 0 };

/** the milliseconds that an answer may take */
const PATIENCE = 30_000;

/** An answer that is no success, or none at all (status 0). */
export class Refused extends Error {
  /** @param {import("./types").Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** @type {import("./types").Call} */
export const call = async (method, path, ...rest) => {
  const [values, body] = /** @type {[Record<string, any>?, unknown?]} */ (rest);
  const answer = await send(method, addressOf(path, values ?? {}), body);
  return read(answer);
};

/**
 * Read an address again, unless it is as it was.
 * @param {string} address
 * @param {string} etag of the content that is known, or empty
 * @returns {Promise<{content: any, etag: string} | null>}
 */
export async function reread(address, etag) {
  const answer = await send("get", address, undefined, undefined, etag);
  if (answer.status === 304) return setClock(answer.headers.get("Date")), null;
  return { content: await read(answer), etag: answer.headers.get("ETag") ?? "" };
}

/**
 * Return a page of a list, and the address of the next one.
 * @param {string} address
 * @returns {Promise<{rows: any, next: string | null}>}
 */
export async function page(address) {
  const answer = await send("get", address);
  const next = /<([^>]+)>; rel="?next/.exec(answer.headers.get("Link") ?? "");
  return { rows: await read(answer), next: next?.[1] ?? null };
}

/**
 * Return an answer as it is: a file, or the result of sending one.
 * @param {string} method
 * @param {string} address
 * @param {BodyInit} [file]
 * @param {string} [type]
 */
export async function transfer(method, address, file, type) {
  const answer = await send(method, address, file, type);
  if (!answer.ok) await read(answer);
  return answer;
}

/**
 * @param {string} path
 * @param {Record<string, any>} values
 */
export function addressOf(path, values) {
  const left = { ...values };
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = left[name];
    delete left[name];
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(
    Object.entries(left).filter(([, value]) => value !== undefined && value !== ""),
  ).toString();
  return query ? `${filled}?${query}` : filled;
}

/**
 * @param {string} method
 * @param {string} address
 * @param {unknown} [body]
 * @param {string} [type]
 * @param {string} [etag]
 */
async function send(method, address, body, type, etag) {
  const logsIn = method === "post" && address === "/auth/session";
  const headers = new Headers({ Accept: "application/json" });
  if (logsIn || session.key) headers.set("X-Gridt-Key", logsIn ? "new" : session.key);
  const carries = method !== "get" && (method !== "delete" || body !== undefined);
  if (carries) headers.set("Content-Type", type ?? "application/json");
  if (method === "post" && !logsIn) headers.set("Idempotency-Key", randomText());
  if (etag) headers.set("If-None-Match", etag);
  const content = type ? /** @type {BodyInit} */ (body) : JSON.stringify(body ?? {});
  const options = { method: method.toUpperCase(), headers, body: carries ? content : undefined };
  // files may take long; without an end, a lost connection would keep others from sending
  const ask = () => fetch(address, type ? options : { ...options, signal: AbortSignal.timeout(PATIENCE) });
  try {
    return await ask();
  } catch {
    // an answer may have been lost on its way; what was done already is not done twice
    await new Promise((done) => setTimeout(done, 700));
    return await ask().catch(() => unreachable());
  }
}

/** @param {Response} answer */
async function read(answer) {
  const content = await answer.json().catch(() => null);
  setClock(answer.headers.get("Date"), content?.now);
  if (answer.ok) return content;
  const retry_after = Number(answer.headers.get("Retry-After")) || undefined;
  const problem = { status: answer.status, type: "", message: "", retry_after, ...content };
  if (answer.status === 401 && problem.type === "/problems/invalid-token") session.over();
  throw new Refused(problem);
}

/**
 * Compare the clocks. An answer takes its time on the way, so this errs to the past: the service
 * refuses the future. A content that the browser had kept has an old `now`, but a new header.
 * @param {string | null} header with whole seconds, so a smaller difference says nothing
 * @param {string} [now]
 */
function setClock(header, now) {
  const sent = Date.parse(header ?? "");
  const moment = now ? Date.parse(now) : 0;
  if (Math.abs(moment - sent) < 2000) clock.offset = moment - Date.now();
  else if (Math.abs(sent - Date.now() - clock.offset) > 2000) clock.offset = sent - Date.now();
}

/** @returns {never} */
function unreachable() {
  throw new Refused({ status: 0, type: "unreachable", message: "" });
}

export function randomText() {
  // not randomUUID, which pages without TLS do not have
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
