// Shortcuts for the whole page. Single keys never fire while somebody types, nor behind a dialog.
// [data-shortcut="/"] is focused or pressed by its key; g and then a letter goes to a place.
const SL_PLACES = { i: "/", w: "/workflows", e: "/executions", b: "/inbox", s: "/settings" };
let slGoes = 0;

const slTypes = (target) => target.closest?.("input, textarea, select, [contenteditable=true], .cm-content") !== null;
const slDialog = () => document.querySelector(".q-dialog");
window.slPalette = (query) => window.emitEvent?.("sl-palette", query ?? "");
window.slShortcuts = () => window.emitEvent?.("sl-shortcuts");
window.slOther = () => {
  const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  slTheme(other);
  return other;
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!document.querySelector("[data-testid=palette]")) slPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (slTypes(event.target) || slDialog() || document.querySelector(".q-menu")) return;
  const goes = Date.now() - slGoes < 1200;
  slGoes = event.key === "g" && !goes ? Date.now() : 0;
  if (goes && SL_PLACES[event.key]) location.assign(slAt() + SL_PLACES[event.key]);
  else if (event.key === "?") slShortcuts();
  else if (!slPressed(event.key)) {
    if (event.key === "n") slPalette("New connection");
    else if (event.key === "/") slPalette();
    else return;
  }
  if (event.key !== "g") event.preventDefault();
}, true);

function slPressed(key) {
  if (key.length !== 1) return false;
  const found = [...document.querySelectorAll("[data-shortcut]")].find((element) => element.dataset.shortcut === key);
  if (!found || !found.checkVisibility()) return false;
  if (slTypes(found)) { found.focus(); found.select?.(); } else found.click();
  return true;
}

// Ctrl+Enter sends a form from within a text of several lines.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || event.defaultPrevented) return;
  const form = event.target.closest?.(".q-dialog form");
  if (!form || event.target.tagName !== "TEXTAREA") return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-palette]")) slPalette();
});

// Inside the palette the arrow keys move a mark, while the keyboard stays in the field.
function slMark(list, option) {
  list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  list.parentElement.closest("[data-testid=palette]").querySelector("input").setAttribute("aria-activedescendant", option.id);
}

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-testid=palette]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!box || !step) return;
  event.preventDefault();
  const options = [...box.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (options.length) slMark(box.querySelector("[role=listbox]"), options[(at + step + options.length) % options.length]);
});
document.addEventListener("mousemove", (event) => {
  const option = event.target.closest?.("[data-testid=palette] [role=option][aria-selected=false]");
  if (option) slMark(option.closest("[role=listbox]"), option);
});
