// What was typed survives a reload that the server's restart makes necessary. It waits in this tab's own storage, for
// two minutes at most, and only until its form is on the screen again; whoever is signed out leaves nothing behind.
const SL_KEPT = "sl-kept", SL_KEPT_FOR = 120000;
const SL_HELD = ".sl-panel, .sl-flow-settings, .sl-editor-name";  // the editor's fields, which are kept letter by letter
const slIsTyped = (field) => field.closest(SL_HELD) ? window.slIsTyping(field) : /^(radio|checkbox)$/.test(field.type) ? field.checked !== field.defaultChecked
  : field.tagName === "SELECT" ? ![...field.options].every((each) => each.selected === each.defaultSelected)
  : !/^(search|hidden|submit|button)$/.test(field.type) && field.role !== "combobox" && field.value !== field.defaultValue;
const slTypedFields = () => [...document.querySelectorAll("input, textarea, select")].filter(slIsTyped);
const slTyped = () => slTypedFields().some((field) => !/^(radio|checkbox|select-one)$/.test(field.type));
const slCanKeep = () => slTypedFields().every((field) => (field.form && field.name) || field.closest(SL_HELD));

// A form is known again by its dialog's heading, or by its place on its page.
function slFormKey(form) {
  const heading = form.closest(".sl-window")?.querySelector("h2");
  if (heading) return heading.textContent;
  return location.pathname + "#" + [...document.querySelectorAll("form")].filter((each) => !each.closest(".sl-window")).indexOf(form);
}

function slKeep() {
  const forms = new Map();
  for (const field of slTypedFields()) if (field.form && field.name && !field.closest(SL_HELD)) {
    const key = slFormKey(field.form);
    const kept = forms.get(key) ?? { key, opens: field.form.dataset.opens ?? "", values: [] };
    kept.values.push([field.name, /^(radio|checkbox)$/.test(field.type) ? field.checked : field.value, field.type === "radio" ? field.value : ""]);
    forms.set(key, kept);
  }
  if (forms.size) sessionStorage.setItem(SL_KEPT, JSON.stringify({ at: Date.now(), path: location.pathname, forms: [...forms.values()] }));
}

function slKept() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SL_KEPT));
    if (kept && Date.now() - kept.at < SL_KEPT_FOR && !document.querySelector(".sl-door")) return kept;
  } catch { /* not ours */ }
  sessionStorage.removeItem(SL_KEPT);
  return null;
}

function slRestore(form, values) {
  for (const [name, value, choice] of values) {
    let field = [...form.elements].find((each) => each.name === name && (!choice || each.value === choice));
    if (!field) return false;
    if (typeof value === "boolean") { if (field.checked !== value) field.click(); }
    else { field.value = value; field.dispatchEvent(new Event("change", { bubbles: true })); }
    const folded = field.closest("details");
    if (folded) folded.open = true;
  }
  return true;
}

addEventListener("load", () => {
  let kept = slKept();
  if (!kept) return;
  const opens = kept.forms.find((form) => form.opens)?.opens;
  if (opens && !kept.went && kept.path === location.pathname && !/^\/(workflows|executions)\b/.test(location.pathname.slice(slAt().length))) {
    sessionStorage.setItem(SL_KEPT, JSON.stringify({ ...kept, went: true }));
    if (!location.search.includes(opens)) return void location.replace(`${slAt()}/?${opens}`);
  }
  const asked = new Map();  // rows that the form has to make first
  const watch = setInterval(() => {
    if (!(kept = slKept())) return void clearInterval(watch);
    if (!window.socket?.connected) return;
    for (const form of document.querySelectorAll("form")) {
      const found = kept.forms.find((each) => each.key === slFormKey(form));
      if (!found || !form.checkVisibility()) continue;
      const rows = new Set(found.values.filter(([name]) => name.includes(".+.")).map(([name]) => name.split(".+.")[1].split(".")[0]));
      const wanted = Math.max(0, ...rows), made = asked.get(form) ?? 0;
      if (made < wanted) { asked.set(form, made + 1); form.querySelector(".sl-rows > button")?.click(); continue; }
      if (!slRestore(form, found.values)) continue;
      kept.forms = kept.forms.filter((each) => each !== found);
      if (kept.forms.length) sessionStorage.setItem(SL_KEPT, JSON.stringify(kept));
      else { sessionStorage.removeItem(SL_KEPT); clearInterval(watch); }
    }
  }, 200);
});
