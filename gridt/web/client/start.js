// Watches the start of the page. Where two versions of the app answer, its modules may be missing.
(() => {
  /** the milliseconds after a reload in which no other one follows by itself, as in router.js */
  const PAUSE = 60_000;
  // no module came, so no catalogue did
  /** @type {Record<string, [string, string]>} */
  const WORDS = {
    en: ["A new version of the app is on its way. Please try again in a minute.", "Try again"],
    nl: ["Er komt een nieuwe versie van de app aan. Probeer het over een minuut opnieuw.", "Opnieuw proberen"],
    de: ["Eine neue Version der App kommt gerade an. Bitte versuche es in einer Minute noch einmal.", "Noch einmal"],
  };

  function look() {
    const root = document.getElementById("app");
    if (!root || root.dataset.begun) return; // as main.js does first
    const last = Number(sessionStorage.getItem("reloaded"));
    if (Date.now() - last < PAUSE) return show(root);
    sessionStorage.setItem("reloaded", String(Date.now()));
    location.reload();
  }

  /** @param {HTMLElement} root */
  function show(root) {
    const language = navigator.languages.map((it) => it.slice(0, 2)).find((it) => it in WORDS) ?? "en";
    const [sentence, again] = WORDS[language] ?? ["", ""];
    const [main, words, button] = ["main", "p", "button"].map((name) => document.createElement(name));
    if (!main || !words || !button) return;
    document.documentElement.lang = language;
    words.textContent = sentence;
    button.textContent = again;
    button.className = "button";
    button.onclick = () => location.reload();
    main.append(words, button);
    root.replaceChildren(main);
  }

  if (document.readyState === "complete") look();
  else addEventListener("load", look);
})();
