// The start of the app.
import { effect, h, render } from "./library.js";
import { App, arrive, go } from "./router.js";
import { answers, begin, refresh } from "./state.js";
import { sendWaiting } from "./updates.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));

root.dataset.begun = "yes";
followLinks();
void begin().then(() => {
  root.replaceChildren();
  render(h(App, {}), root);
  // what waits is sent at the start, and after each answer
  effect(() => void (answers.value, sendWaiting()));
  void import("./upgrade.js").then(({ install }) => install());
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void refresh();
});
addEventListener("online", () => void refresh());

/** Let links within the app change the screen without loading the page again. */
function followLinks() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => arrive(true));
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    const plain = !event.defaultPrevented && event.button === 0;
    if (!link || !plain || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return;
    const inside = link.pathname === "/app" || link.pathname.startsWith("/app/");
    if (link.origin !== location.origin || !inside || link.download) return;
    event.preventDefault();
    // the screen before this one is as it was left
    if (link.matches(".back") && history.state?.from === link.pathname) history.back();
    else go(link.pathname + link.search + link.hash);
  });
}
