// A file of its own, so that the page's content security policy needs no inline script.

// Swagger UI's dialog for the token, as a dialog that keyboards and screen readers know.
const KnownDialog = () => ({
  wrapComponents: {
    authorizationPopup: (Popup, { React }) => (props) => {
      const close = () => props.authActions.showDefinitions(false);
      React.useEffect(() => {
        const opener = document.activeElement;
        document.querySelector(".close-modal").setAttribute("aria-label", "Close");
        document.getElementById("auth-bearer-value")?.focus();
        return () => document.querySelector(".btn.authorize")?.focus() ?? opener?.focus();
      }, []);
      return React.createElement(
        "div",
        {
          role: "dialog",
          "aria-modal": true,
          "aria-label": "Authorize",
          onKeyDown: (event) => event.key === "Escape" && close(),
        },
        React.createElement(Popup, props),
      );
    },
  },
});

// The dialog without a browser's session, whose cookie no page can set: it is for the app at /app.
const TokensOnly = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (document) => {
          const { appCookie, appKey, ...securitySchemes } = document.components.securitySchemes;
          const operations = Object.values(document.paths).flatMap(Object.values);
          for (const one of [document, ...operations].filter((it) => it.security)) {
            one.security = one.security.filter((it) => !("appKey" in it));
          }
          return update({ ...document, components: { ...document.components, securitySchemes } });
        },
      },
    },
  },
});

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followScheme);
followScheme();

SwaggerUIBundle({
  url: document.getElementById("docs").dataset.description,
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  plugins: [KnownDialog, TokensOnly],
  onComplete: () => document.getElementById("servers")?.setAttribute("aria-label", "Server"),
});
