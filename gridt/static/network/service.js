// Calls to the service; refusals are sentences.

const WORDS = {
  401: "Your session has ended. Log in again.",
  404: "There is no such movement.",
  409: "Only members of this movement can see its network.",
  429: "Too many calls. Wait a minute, and try again.",
  503: "The service is busy. Try again in a moment.",
};

/** from the page of a movement, wherever the service is mounted */
const SESSION = "../../auth";

/** An answer that is an error. */
export class Refused extends Error {
  constructor(status) {
    super(WORDS[status] ?? `The service did not answer as expected (status ${status}).`);
    this.status = status;
  }
}

export async function fetchJson(path, token) {
  return (await call(path, token)).json();
}

export async function fetchText(path, token) {
  return (await call(path, token)).blob();
}

/** Return an access token; the message of a refusal is the service's own sentence. */
export async function logIn(username, password) {
  const headers = new Headers({ "Content-Type": "application/json" });
  const body = JSON.stringify({ username, password });
  const answer = await send(SESSION, { method: "POST", headers, body });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said.access_token;
  throw Object.assign(new Refused(answer.status), said.message && { message: said.message });
}

/** End a session. It ends by itself some time later if the service cannot be reached. */
export async function logOut(token) {
  await send(SESSION, { method: "DELETE", headers: bearing(token), keepalive: true }).catch(() => {});
}

async function call(path, token) {
  const answer = await send(path, { headers: bearing(token) });
  if (!answer.ok) throw new Refused(answer.status);
  return answer;
}

/** A text that no header can have is no token. */
function bearing(token) {
  return new Headers({ Authorization: `Bearer ${encodeURI(token)}` });
}

async function send(path, options) {
  try {
    // the movement is the page's folder, without the slash
    const address = new URL(path, location.href).href.replace(/\/$/, "");
    return await fetch(address, { ...options, cache: "no-store", credentials: "omit" });
  } catch {
    throw Object.assign(new Refused(0), { message: "The service cannot be reached." });
  }
}
