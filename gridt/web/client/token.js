// The token of a link in a mail.

/** Return it, and take it out of the address at once. */
export function tokenOfLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}
