// The reader's access token. Only this tab has it, and the address bar never shows it.

const PLACE = "gridt.token";
let kept = "";

/** Take the token that a client app passed as `#token=…`; return whether there was one. */
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  history.replaceState(null, "", location.pathname + location.search);
  keep(given);
  return true;
}

export function keep(token) {
  // the form in which people paste it
  kept = token.trim().replace(/^Bearer\s+/i, "");
  try {
    sessionStorage.setItem(PLACE, kept);
  } catch {
    // some browsers forbid it; the token then lasts until the reader leaves the page
  }
}

export function get() {
  try {
    return kept || sessionStorage.getItem(PLACE) || "";
  } catch {
    return kept;
  }
}

export function forget() {
  kept = "";
  try {
    sessionStorage.removeItem(PLACE);
  } catch {
    // no token was stored
  }
}
