// What is typed in the editor's panel, in its settings and as its name stays in this tab until the server has kept it: a reload or a restart in between
// loses no letter. A field is known again by its step and its label. Secrets are never written down.
const SL_TYPING = "sl-typing", SL_TYPING_FOR = 900000, SL_SETTLED = 3000;
let slReturning = [];  // what was typed before this load, and is not in its field yet

function slTyping() {
  try {
    const fresh = JSON.parse(sessionStorage.getItem(SL_TYPING) ?? "[]").filter((each) => Date.now() - each.at < SL_TYPING_FOR);
    return document.querySelector(".sl-door") ? [] : fresh;
  } catch { return []; }
}
function slSetTyping(entries) {
  if (entries.length) sessionStorage.setItem(SL_TYPING, JSON.stringify(entries));
  else sessionStorage.removeItem(SL_TYPING);
}

const slPanelFields = () => [...document.querySelectorAll(`:is(${SL_HELD}) :is(input[type=text], textarea)`)].filter((each) => each.autocomplete !== "new-password");
const slOwner = (field) => field.closest(".sl-flow-settings") ? "settings:" : field.closest(".sl-editor-name") ? "name:" : field.closest(".sl-panel")?.dataset.of;
const slFieldLabel = (field) => field.labels?.[0]?.textContent || field.ariaLabel || field.getAttribute("aria-label") || "";
function slFieldKey(field) {
  const of = slOwner(field), label = slFieldLabel(field);
  if (!of || !label || !slPanelFields().includes(field)) return null;
  const same = slPanelFields().filter((each) => slOwner(each) === of && slFieldLabel(each) === label);
  return { path: location.pathname, of, label, nth: same.indexOf(field) };
}
const slSameField = (one, other) => one.path === other.path && one.of === other.of && one.label === other.label && one.nth === other.nth;
window.slIsTyping = (field) => {
  const key = slFieldKey(field);
  return key !== null && slTyping().some((each) => slSameField(each, key));
};

document.addEventListener("input", (event) => {
  const key = event.target.closest?.(SL_HELD) ? slFieldKey(event.target) : null;
  if (!key) return;
  slReturning = slReturning.filter((each) => !slSameField(each, key));
  slSetTyping([...slTyping().filter((each) => !slSameField(each, key)), { ...key, value: event.target.value, at: Date.now() }].slice(-50));
}, true);

// "All changes saved" stands there for a while: the server has it.
setInterval(() => {
  if (!sessionStorage.getItem(SL_TYPING)) return;
  const isKept = document.querySelector(".sl-editor .sl-kept") && window.socket?.connected;
  const isMine = (each) => each.path === location.pathname && !slReturning.some((other) => slSameField(each, other));
  const named = document.querySelector(".sl-editor-name form");
  const isOver = (each) => each.of === "name:" ? !named?.checkVisibility() : Date.now() - each.at > SL_SETTLED;  // a name's form goes when it is saved
  slSetTyping(slTyping().filter((each) => !(isKept && isMine(each) && isOver(each))));
}, 1000);

addEventListener("load", () => {
  slReturning = slTyping().filter((each) => each.path === location.pathname);
  if (!slReturning.length) return;
  const since = Date.now();
  let asked = "";
  const watch = setInterval(() => {
    const next = slReturning[0], panel = document.querySelector(".sl-panel");
    if (!next || Date.now() - since > 30000) { slReturning = []; return void clearInterval(watch); }
    const heading = document.querySelector(".sl-editor-name h1")?.textContent;
    if (!window.socket?.connected || !panel?.dataset.of || !heading) return;
    if (next.of === "name:" && heading === next.value.trim()) {  // it was saved just before
      slSetTyping(slTyping().filter((each) => !slSameField(each, next)));
      return void slReturning.shift();
    }
    const isOpen = next.of.endsWith(":") ? slPanelFields().some((each) => slOwner(each) === next.of && each.checkVisibility()) : panel.dataset.of === next.of;
    if (!isOpen) {
      if (asked !== next.of) window.emitEvent("sl-edit", { asked: "open", step: (asked = next.of) });
      return;
    }
    const field = slPanelFields().find((each) => { const key = slFieldKey(each); return key && slSameField(key, next); });
    if (!field) return;
    slReturning.shift();
    if (field.value === next.value) return;
    for (let box = field.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    field.value = next.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, 150);
});
