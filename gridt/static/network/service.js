// Calls to the service; refusals are sentences.

const WORDS = {
  401: "This token is not valid, or not any more. Log in again, and use the new access token.",
  404: "There is no such movement.",
  409: "Only members of this movement can see its network.",
  429: "Too many calls. Wait a minute, and try again.",
  503: "The service is busy. Try again in a moment.",
};

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

async function call(path, token) {
  let answer;
  try {
    // the movement is the page's folder, without the slash
    const address = new URL(path, location.href).href.replace(/\/$/, "");
    // a text that no header can have is no token
    const headers = new Headers({ Authorization: `Bearer ${encodeURI(token)}` });
    answer = await fetch(address, { headers, cache: "no-store", credentials: "omit" });
  } catch {
    throw Object.assign(new Refused(0), { message: "The service cannot be reached." });
  }
  if (!answer.ok) throw new Refused(answer.status);
  return answer;
}
