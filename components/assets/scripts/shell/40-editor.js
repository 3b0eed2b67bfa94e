// The workflow editor: data goes in where the caret is, with the browser's own undo; and the editor's keys.
let slField = null;
const slTemplate = (element) => element?.matches?.("[data-template]");
const slOpened = (field) => (field.dataset.template === "path" ? null : /\{\{\s*([^{}]*)$/.exec(field.value.slice(0, field.selectionStart)));
const slPicker = () => document.querySelector(".sl-picker");

document.addEventListener("focusin", (event) => { if (slTemplate(event.target)) slField = event.target; });

window.slFilter = (query) => {
  const wanted = query.trim().toLowerCase();
  for (const row of slPicker()?.querySelectorAll("[data-insert]") ?? []) {
    row.hidden = wanted !== "" && !row.dataset.insert.toLowerCase().includes(wanted);
  }
  for (const group of slPicker()?.querySelectorAll("details") ?? []) {
    const some = [...group.querySelectorAll("[data-insert]")].some((row) => !row.hidden);
    group.hidden = !some;
    if (wanted && some) group.open = true;
  }
};

function slInsert(path) {
  const field = slField?.isConnected ? slField : document.querySelector(".sl-panel [data-template]");
  if (!field) return;
  field.focus();
  const bare = field.dataset.template === "path", opened = slOpened(field);
  if (bare || field.dataset.template === "alone") field.select();
  else if (opened) field.setSelectionRange(opened.index, field.selectionStart);
  document.execCommand("insertText", false, bare ? path : `{{ ${path} }}`);
  slFilter("");
}
document.addEventListener("mousedown", (event) => { if (event.target.closest("[data-insert]")) event.preventDefault(); });
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-insert]");
  if (row) slInsert(row.dataset.insert);
});
document.addEventListener("input", (event) => {
  if (!slTemplate(event.target)) return;
  const opened = slOpened(event.target);
  if (!opened) return slFilter("");
  if (!event.target.closest(".sl-template")?.contains(slPicker())) window.emitEvent?.("sl-pick", event.target.id);
  setTimeout(() => slFilter(opened[1]), slPicker() ? 0 : 200);
});

// Wherever a step is: <… data-step="id">. Ctrl+Z in a field stays the field's own. While a step that was just moved is
// drawn anew, the keyboard is nowhere: the next press is still meant for it.
let slMoved = { step: "", at: 0 };
document.addEventListener("keydown", (event) => {
  if (!document.querySelector(".sl-editor") || slDialog() || event.isComposing) return;
  const key = event.key.toLowerCase(), control = event.ctrlKey || event.metaKey;
  const moves = event.altKey && (key === "arrowup" || key === "arrowdown");
  const last = moves && event.target === document.body && Date.now() - slMoved.at < 2000 ? slMoved.step : "";
  const step = event.target.closest?.("[data-step]")?.dataset.step ?? last;
  let asked = "";
  if (control && key === "z" && !slTypes(event.target)) asked = event.shiftKey ? "redo" : "undo";
  else if (control && key === "s") asked = "publish";
  else if (control && key === "enter") asked = "test";
  else if (moves && step) asked = key === "arrowup" ? "up" : "down";
  else if (key === "delete" && step && !slTypes(event.target)) asked = "delete";
  else if (key === "escape" && document.querySelector(".sl-panel.open") && !document.querySelector(".q-menu")) asked = "close";
  if (!asked) return;
  if (control && slTypes(event.target)) event.target.dispatchEvent(new Event("change", { bubbles: true }));
  if (asked !== "close") event.preventDefault();
  if (moves) slMoved = { step, at: Date.now() };
  window.emitEvent?.("sl-edit", { asked, step });
}, true);

// A choice in the panel draws it anew: the keyboard goes back to the field with the same label.
let slLabel = "";
document.addEventListener("focusin", (event) => {
  if (event.target.id && event.target.closest?.(".sl-panel")) slLabel = document.querySelector(`label[for="${event.target.id}"]`)?.textContent ?? "";
});
window.slRefocus = () => {
  if (!slLabel || (document.activeElement && document.activeElement !== document.body)) return;
  const label = [...document.querySelectorAll(".sl-panel label[for]")].find((each) => each.textContent === slLabel);
  if (label) document.getElementById(label.htmlFor)?.focus();
};
