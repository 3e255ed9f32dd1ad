// The start of the app.
import { h, render } from "./library.js";
import { App, followLinks } from "./router.js";
import { begin, changes, me, readToday } from "./state.js";

const root = /** @type {Element} */ (document.getElementById("app"));

followLinks();
void begin().then(() => {
  root.replaceChildren();
  render(h(App, {}), root);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && me.value) {
    changes.value += 1;
    void readToday();
  }
});
addEventListener("online", () => me.value && void readToday());
