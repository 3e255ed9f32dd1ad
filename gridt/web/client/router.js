// The screen of each address. All but the door and Today are fetched when they are first shown.
import { html, h, signal, useEffect, useRef, useState } from "./library.js";
import { Missing, frame, reloadOnce, scrollBack } from "./parts/frame.js";
import { Door } from "./screens/door.js";
import { Today } from "./screens/today.js";
import { bar, me, problem, readToday, today } from "./state.js";
import { t } from "./words.js";

/** @typedef {(props: Record<string, string>) => import("./library").Child} Screen */

export const address = signal(location.pathname);
/** Whether a change of screen loads the page, as after an upgrade. */
export const leaving = { byLoading: () => false };
/** @type {[string, boolean, () => Promise<Record<string, any>>][]} the path, whether anyone sees it */
const ROUTES = [
  ["/app/register", true, () => import("./screens/register.js")],
  ["/app/invitation", true, () => import("./screens/invitation.js")],
  ["/app/forgot", true, () => import("./screens/forgot.js")],
  ["/app/reset-password", true, () => import("./screens/reset-password.js")],
  ["/app/confirm-email", true, () => import("./screens/confirm.js")],
  ["/app/change-email", true, () => import("./screens/confirm.js")],
  ["/app/find", false, () => import("./screens/find.js")],
  ["/app/start", false, () => import("./screens/start.js")],
  ["/app/m/:id", false, () => import("./screens/movement.js")],
  ["/app/m/:id/say", false, () => import("./screens/say.js")],
  ["/app/m/:id/pause", false, () => import("./screens/pause.js")],
  ["/app/m/:id/network", false, () => import("./screens/network.js")],
  ["/app/m/:id/leader/:user", false, () => import("./screens/leader.js")],
  ["/app/m/:id/edit", false, () => import("./screens/edit.js")],
  ["/app/m/:id/members", false, () => import("./screens/members.js")],
  ["/app/m/:id/removed", false, () => import("./screens/removed.js")],
  ["/app/pause-all", false, () => import("./screens/pause-all.js")],
  ["/app/you", false, () => import("./screens/you/index.js")],
  ["/app/you/account", false, () => import("./screens/you/account.js")],
  ["/app/you/clock", false, () => import("./screens/you/clock.js")],
  ["/app/you/logins", false, () => import("./screens/you/logins.js")],
  ["/app/you/blocks", false, () => import("./screens/you/blocks.js")],
  ["/app/you/data", false, () => import("./screens/you/data.js")],
  ["/app/you/import", false, () => import("./screens/you/import.js")],
  ["/app/you/language", false, () => import("./screens/you/language.js")],
  ["/app/you/delete", false, () => import("./screens/you/delete.js")],
  ["/app/groups", false, () => import("./screens/groups/index.js")],
  ["/app/groups/new", false, () => import("./screens/groups/new.js")],
  ["/app/g/:id", false, () => import("./screens/groups/group.js")],
  ["/app/g/:id/members", false, () => import("./screens/groups/members.js")],
  ["/app/g/:id/invitations", false, () => import("./screens/groups/invitations.js")],
  ["/app/g/:id/invite", false, () => import("./screens/groups/invite.js")],
  ["/app/g/:id/roles", false, () => import("./screens/groups/roles.js")],
  ["/app/g/:id/edit", false, () => import("./screens/groups/edit.js")],
  ["/app/g/:id/new", false, () => import("./screens/groups/new.js")],
  ["/app/g/:id/settings", false, () => import("./screens/groups/settings.js")],
  ["/app/admin", false, admins(() => import("./screens/admin/index.js"))],
  ["/app/admin/reports", false, admins(() => import("./screens/admin/reports.js"))],
  ["/app/admin/people", false, admins(() => import("./screens/admin/people.js"))],
  ["/app/admin/people/:id", false, admins(() => import("./screens/admin/person.js"))],
  ["/app/admin/invitations", false, admins(() => import("./screens/admin/invitations.js"))],
  ["/app/admin/invite", false, admins(() => import("./screens/admin/invite.js"))],
  ["/app/admin/log", false, admins(() => import("./screens/admin/log.js"))],
];

/** Load a screen for admins; the role may have changed. @param {() => Promise<Record<string, any>>} load */
function admins(load) {
  const isAdmin = () => today.peek()?.identity.role === "admin";
  return async () => {
    if (!isAdmin()) await readToday();
    return isAdmin() ? load() : import("./screens/refused.js");
  };
}

/** Where each screen was scrolled to when it was left, and whether the way leads back to one. */
const places = /** @type {Map<string, number>} */ (new Map());
let back = false;

/**
 * Show another screen.
 * @param {string} path
 * @param {boolean} [instead] whether Back leads to the screen before this one
 */
export function go(path, instead = false) {
  places.set(location.pathname, scrollY);
  if (instead) history.replaceState({ from: history.state?.from }, "", path);
  else history.pushState({ from: location.pathname }, "", path);
  arrive(false);
}

/** Show the screen of the present address. @param {boolean} isBack */
export function arrive(isBack) {
  back = isBack;
  bar.value = null;
  if (leaving.byLoading()) return;
  address.value = location.pathname;
}

/** @param {string} path */
function find(path) {
  const parts = path.replace(/\/$/, "").split("/");
  for (const [pattern, open, load] of ROUTES) {
    const names = pattern.split("/");
    if (names.length !== parts.length) continue;
    if (!names.every((name, at) => name.startsWith(":") || name === parts[at])) continue;
    const values = names.flatMap((name, at) => (name[0] === ":" ? [[name.slice(1), parts[at]]] : []));
    return { open, load, values: /** @type {Record<string, string>} */ (Object.fromEntries(values)) };
  }
  return null;
}

/** The whole app: the screen of the present address. */
export function App() {
  const path = address.value;
  const route = find(path);
  const known = me.value !== null;
  const [loaded, setLoaded] = useState(/** @type {{path: string, screen: Screen} | null} */ (null));
  const first = useRef(true);
  const wants = route && (route.open || known) ? route : null;
  useEffect(() => {
    let current = true;
    wants?.load().then(
      (it) => current && setLoaded({ path, screen: /** @type {Screen} */ (Object.values(it)[0]) }),
      () => current && (reloadOnce() || setLoaded({ path, screen: Missing })),
    );
    return () => void (current = false);
  }, [path, known]);
  // screens of members begin with what Today says
  const reading = wants && !wants.open && !today.value && !problem.value;
  const shown = !reading && (!wants || loaded?.path === path);
  useEffect(() => {
    if (!shown) return;
    if (!first.current) {
      scrollBack((back && places.get(path)) || 0);
      document.querySelector("h1")?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [shown, path, known]);
  if (wants) return loaded && shown ? h(loaded.screen, { key: path, ...wants.values }) : frame({});
  if (!known) return h(Door, {});
  if (/^\/app\/?$/.test(path)) return h(Today, {});
  const way = html`<p><a href="/app">${t("Go to Today")}</a></p>`;
  return frame({ title: t("There is nothing here") }, way);
}
