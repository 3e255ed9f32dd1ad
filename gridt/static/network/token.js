// The reader's access token: in this tab only, and never in the address bar.

const PLACE = "gridt.token";
let kept = "";

/** Take the token that a client app handed over as `#token=…`; tell whether there was one. */
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  history.replaceState(null, "", location.pathname + location.search);
  keep(given);
  return true;
}

export function keep(token) {
  // as people paste them
  kept = token.trim().replace(/^Bearer\s+/i, "");
  try {
    sessionStorage.setItem(PLACE, kept);
  } catch {
    // a browser that forbids it: until the page is left
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
    // nothing was kept
  }
}
