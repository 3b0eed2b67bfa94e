// On a phone the panel is a sheet above the steps: the keyboard stays in it, and Escape, Back and a tap beside it close
// it. The server opens and closes it by the class `open`.
const slPhone = matchMedia("(max-width: 760px)");
let slSheet = null;

function slSyncSheet(panel) {
  const opens = panel.isConnected && panel.classList.contains("open") && slPhone.matches;
  if (opens && !slSheet) slOpenSheet(panel);
  else if (!opens && slSheet) slCloseSheet(panel);
}

function slOpenSheet(panel) {
  slSheet = { behind: [] };
  for (let node = panel; node !== document.body; node = node.parentElement) {
    for (const other of node.parentElement.children) {
      if (other === node || other.inert || other.matches("script, style, link, .sl-toasts, .sl-lost, [id^=q-portal]")) continue;
      other.inert = true;
      slSheet.behind.push(other);
    }
  }
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["tabindex", "-1"]]) panel.setAttribute(name, value);
  history.pushState({ slSheet: true }, "");
  panel.focus({ preventScroll: true });
}

function slCloseSheet(panel) {
  for (const each of slSheet.behind) each.inert = false;
  for (const name of ["role", "aria-modal", "tabindex"]) panel.removeAttribute(name);
  slSheet = null;
  if (history.state?.slSheet) history.back();
  if (slPhone.matches) document.querySelector(".sl-node.on .sl-node-main")?.focus();
}

const slAskToClose = () => window.emitEvent?.("sl-edit", { asked: "close", step: "" });
addEventListener("popstate", (event) => { if (slSheet && !event.state?.slSheet) slAskToClose(); });
document.addEventListener("click", (event) => {
  const inside = ".sl-panel, .q-dialog, .q-menu, .sl-toasts, .sl-lost";
  if (slSheet && document.contains(event.target) && !event.target.closest(inside)) slAskToClose();
});
document.addEventListener("keydown", (event) => {
  const panel = document.querySelector(".sl-panel");
  if (event.key !== "Tab" || !slSheet || slDialog() || !panel) return;
  const stops = [...panel.querySelectorAll("button, input, select, textarea, a[href], summary, [tabindex='0']")].filter((each) => !each.disabled && each.tabIndex >= 0 && each.checkVisibility());
  const first = stops[0], last = stops.at(-1), at = document.activeElement;
  const wraps = event.shiftKey ? at === first || at === panel : at === last;
  if (!wraps && panel.contains(at)) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
});

new MutationObserver((_, observer) => {
  const panel = document.querySelector(".sl-panel");
  if (!panel) return;
  observer.disconnect();
  new MutationObserver(() => slSyncSheet(panel)).observe(panel, { attributeFilter: ["class"] });
  slPhone.addEventListener("change", () => slSyncSheet(panel));
  slSyncSheet(panel);
}).observe(document.documentElement, { childList: true, subtree: true });
