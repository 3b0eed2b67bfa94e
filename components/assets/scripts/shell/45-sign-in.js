// The window in which somebody signs in at a service. It opens while the press on [data-signs-in] still counts, empty,
// so that no browser blocks it; where it goes is known once the connection is saved.
const slSignIn = (() => {
  let opened = null, watch = 0;
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-signs-in]");
    if (!button || button.getAttribute("aria-busy") === "true") return;
    const form = button.closest("form");
    if (form && new FormData(form).get("grantType") === "client_credentials") return;
    opened = window.open("", "streamline-sign-in", "popup,width=520,height=720");
  }, true);
  return {
    go(url, name) {
      clearInterval(watch);
      if (!opened || opened.closed) return emitEvent(name, "blocked");
      opened.location = url;
      opened.focus();
      watch = setInterval(() => {
        if (!opened?.closed) return;
        clearInterval(watch);
        emitEvent(name, "closed");
      }, 400);
    },
    end() {
      clearInterval(watch);
      opened?.close();
      opened = null;
    },
  };
})();
window.slSignIn = slSignIn;
