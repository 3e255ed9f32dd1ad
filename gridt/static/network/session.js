// The reader's session. Only this tab has the access token, and the address bar never shows it.

const PLACE = "gridt.token";
/** says that this page has logged in itself, so that it may end the session */
const OWN = "gridt.own";
const kept = new Map();

/** Take the token that a client app passed as `#token=…`; return whether there was one. */
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  history.replaceState(null, "", location.pathname + location.search);
  keep(given);
  return true;
}

/** @param own whether this page has logged in for it */
export function keep(token, { own = false } = {}) {
  forget();
  put(PLACE, token);
  if (own) put(OWN, "yes");
}

export function get() {
  return read(PLACE);
}

export function isOwn() {
  return read(OWN) !== "";
}

export function forget() {
  kept.clear();
  try {
    for (const place of [PLACE, OWN]) sessionStorage.removeItem(place);
  } catch {
    // no token was stored
  }
}

function put(place, text) {
  kept.set(place, text);
  try {
    sessionStorage.setItem(place, text);
  } catch {
    // some browsers forbid it; the token then lasts until the reader leaves the page
  }
}

function read(place) {
  try {
    return kept.get(place) ?? sessionStorage.getItem(place) ?? "";
  } catch {
    return kept.get(place) ?? "";
  }
}
