// A lost connection is told in one line, and only once it has been away for a while.
addEventListener("load", function watch() {
  if (!window.socket) return void setTimeout(watch, 200);
  const bar = document.createElement("div");
  bar.className = "sl-lost";
  bar.hidden = true;
  bar.setAttribute("role", "status");
  const words = document.createElement("span");
  const reload = document.createElement("button");
  Object.assign(reload, { className: "sl-btn sm", type: "button", textContent: "Reload", hidden: true });
  reload.addEventListener("click", () => location.reload());
  bar.append(words, reload);
  document.body.append(bar);
  let soon, later, leaves = false, restarted = false;
  const away = (is) => document.body.classList.toggle("sl-away", is);
  const lost = () => {
    if (leaves) return;
    clearTimeout(soon); clearTimeout(later);
    soon = setTimeout(() => { away(true); bar.hidden = false; words.textContent = "Connection lost. Your changes are kept; reconnecting…"; }, 2000);
    later = setTimeout(() => { reload.hidden = false; }, 15000);
  };
  addEventListener("pagehide", () => { leaves = true; if (restarted || !bar.hidden) slKeep(); });
  addEventListener("pageshow", () => { leaves = false; });
  const tell = (sentence) => { clearTimeout(soon); clearTimeout(later); away(true); words.textContent = sentence; bar.hidden = reload.hidden = false; };
  slAwaitReload((sentence) => { restarted = true; tell(sentence); });
  window.socket.on("disconnect", lost);
  window.socket.on("connect_error", () => { if (bar.hidden && !window.socket.connected && !soon) lost(); });
  window.socket.on("connect", () => { clearTimeout(soon); clearTimeout(later); soon = later = undefined; away(false); bar.hidden = reload.hidden = true; });
  // What is pressed without a connection would be sent much later, or never: say so, and do not send it.
  const refuse = (event) => {
    if (bar.hidden || window.socket.connected) return;
    const pressed = event.type === "submit" ? event.target : event.target.closest?.("button");
    if (!pressed || bar.contains(pressed) || pressed.matches("[data-copy], [data-reveal], [data-account]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    words.textContent = restarted ? "Not connected: nothing was sent. Reload first; what you typed comes back." : "Not connected: nothing was sent.";
  };
  document.addEventListener("click", refuse, true);
  document.addEventListener("submit", refuse, true);
});

// After a restart the server no longer knows this page, and NiceGUI reloads it. Where something was typed, we wait until
// whoever typed it is ready; but not where the session is over, so that nobody reads over the shoulder of who was signed
// out.
async function slSignedOut() {
  try { return (await fetch(location.href, { method: "HEAD", redirect: "manual" })).type === "opaqueredirect"; } catch { return false; }
}

function slAwaitReload(tell) {
  const known = window.socket.listeners("connect_error");
  window.socket.off("connect_error");
  window.socket.on("connect_error", async (error) => {
    if (error.message === "Implicit handshake failed" && slTyped() && !(await slSignedOut())) {
      tell(slCanKeep() ? "Streamline was restarted. Reload the page: what you typed comes back." : "Streamline was restarted. Copy what you typed, then reload the page.");
    } else for (const handler of known) handler(error);
  });
}

// <button data-copy="element-id"> copies that element's text, also where there is no https, and says so for 2 seconds.
async function slCopy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch { /* no https, or no permission */ }
  const area = Object.assign(document.createElement("textarea"), { value: text });
  area.style.cssText = "position:fixed;opacity:0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.dataset.copied) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span"), before = label.textContent;
  const done = await slCopy(source.value ?? source.textContent);
  button.dataset.copied = "1";
  label.textContent = done ? "Copied" : "Select it and press Ctrl+C";
  button.setAttribute("aria-live", "polite");
  button.focus();
  setTimeout(() => { label.textContent = before; delete button.dataset.copied; }, 2000);
});

// [data-until="seconds since 1970"] counts down by itself: "next in 14 s".
const slUntil = () => {
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = Math.round(Number(element.dataset.until) - Date.now() / 1000);
    const words = element.dataset.untilWords ?? "";
    const text = left <= 0 ? `${words} now` : `${words} in ${left < 90 ? left + " s" : Math.round(left / 60) + " min"}`;
    if (element.textContent !== text) element.textContent = text;
  }
};
setInterval(() => { if (!document.hidden) slUntil(); }, 1000);

// The browser knows the time zone: <time datetime="…" data-local> is written in it.
const slTimes = (root) => {
  for (const element of root.querySelectorAll?.("time[data-local]") ?? []) {
    const moment = new Date(element.dateTime), day = element.dataset.local === "day";
    const options = day ? { dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
    const isToday = element.dataset.local === "clock" && moment.toDateString() === new Date().toDateString();
    element.textContent = isToday ? moment.toLocaleTimeString("en-GB") : moment.toLocaleString("en-GB", options);
    element.removeAttribute("data-local");
  }
};
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) slTimes(node.parentElement ?? node);
  slUntil();
}).observe(document.documentElement, { childList: true, subtree: true });
