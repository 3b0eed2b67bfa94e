// What is filled in later stands out in a text as a chip: {{ … }} while one writes, and what it is while one reads. The
// text itself stays the browser's own field, with its caret and its undo; a mirror behind it is what is seen.
const SL_CHIP = /\{\{.*?\}\}|\{%.*?%\}/gs;
const SL_PATH = /^[A-Za-z_][\w-]*(\.[\w-]+|\[\d+\]|\["[^"\]]*"\])*$/;

function slStepNames() {
  try { return JSON.parse(document.querySelector(".sl-panel")?.dataset.names ?? "{}"); } catch { return {}; }
}

// "trigger.body.order.id | round: 2" is "Trigger › order › id · round: 2"; of a step its name is told.
function slChipWords(inner, names) {
  const [path, ...filters] = inner.split("|").map((part) => part.trim());
  if (!SL_PATH.test(path)) return inner.trim();
  const parts = [...path.matchAll(/([\w-]+)|\["([^"\]]*)"\]/g)].map((each) => each[2] ?? each[1]);
  const counted = parts.map((part, at) => (at && /^\d+$/.test(part) ? `#${Number(part) + 1}` : part));
  let [root, ...rest] = counted;
  if (root === "trigger") {
    root = "Trigger";
    if (rest.length > 1 && /^(body|input)$/.test(rest[0])) rest = rest.slice(1);
  } else if (root === "steps" && rest.length) {
    root = names[parts[1]] ?? rest[0];
    rest = rest[1] === "output" ? rest.slice(2) : rest.slice(1);
  } else if (root === "item") root = "Entry";
  else if (root === "execution") root = "Run";
  return [[root, ...rest].join(" › "), ...filters].join(" · ");
}

function slIsWrong(inner, paths) {
  return paths.some((path) => {
    const at = inner.indexOf(path);
    return at >= 0 && !/[\w-]/.test(inner[at + path.length] ?? "") && !/[\w.-]/.test(inner[at - 1] ?? "");
  });
}

function* slPieces(text, bare) {
  if (bare) {
    if (text) yield [text, SL_PATH.test(text.trim()), text];
    return;
  }
  let at = 0;
  for (const found of text.matchAll(SL_CHIP)) {
    if (found.index > at) yield [text.slice(at, found.index), false, ""];
    yield [found[0], true, found[0].slice(2, -2)];
    at = found.index + found[0].length;
  }
  if (at < text.length) yield [text.slice(at), false, ""];
}

function slPaint(field) {
  const box = field.parentElement, mirror = box?.querySelector(":scope > .sl-mirror");
  if (!mirror) return;
  const bare = field.dataset.template === "path", reads = document.activeElement !== field;
  const pieces = [...slPieces(field.value, bare)], some = pieces.some((piece) => piece[1]);
  box.classList.toggle("sl-painted", some);
  mirror.hidden = !some;
  if (!some) return void mirror.replaceChildren();
  const style = getComputedStyle(field), names = slStepNames();
  let wrong = [];
  try { wrong = JSON.parse(field.closest(".sl-template").dataset.wrong ?? "[]"); } catch { /* not ours */ }
  for (const key of ["fontFamily", "fontSize", "fontWeight", "lineHeight", "letterSpacing", "padding", "textIndent", "tabSize"]) mirror.style[key] = style[key];
  Object.assign(mirror.style, { left: `${field.offsetLeft + field.clientLeft}px`, top: `${field.offsetTop + field.clientTop}px`, width: `${field.clientWidth}px`, height: `${field.clientHeight}px` });
  const inner = document.createElement("div");
  for (const [text, isChip, inside] of pieces) {
    if (!isChip) { inner.append(text); continue; }
    const chip = document.createElement("span");
    chip.className = "sl-tpl" + (text.startsWith("{%") ? " logic" : "") + (slIsWrong(inside, wrong) ? " wrong" : "") + (reads ? " reads" : "");
    chip.textContent = reads && !text.startsWith("{%") ? slChipWords(inside, names) : text;
    inner.append(chip);
  }
  if (field.tagName === "INPUT") {
    Object.assign(mirror.style, { display: "flex", alignItems: "center" });
    inner.style.translate = reads ? "0" : `${-field.scrollLeft}px 0`;
  } else inner.style.translate = `0 ${-field.scrollTop}px`;
  inner.append("\u200b");
  mirror.replaceChildren(inner);
}

for (const kind of ["input", "change", "focusin", "scroll"]) {
  document.addEventListener(kind, (event) => { if (slTemplate(event.target)) slPaint(event.target); }, true);
}
document.addEventListener("focusout", (event) => { if (slTemplate(event.target)) setTimeout(() => slPaint(event.target)); });
document.addEventListener("selectionchange", () => { if (slTemplate(document.activeElement)) slPaint(document.activeElement); });
addEventListener("resize", () => document.querySelectorAll("[data-template]").forEach(slPaint));
const slSized = new ResizeObserver((entries) => entries.forEach((entry) => slPaint(entry.target)));
new MutationObserver((changes) => {
  const found = new Set();
  for (const change of changes) {
    const roots = change.type === "attributes" ? [change.target] : change.addedNodes;
    for (const root of roots) if (root.nodeType === 1) {
      if (slTemplate(root)) found.add(root);
      for (const field of root.querySelectorAll("[data-template]")) found.add(field);
    }
  }
  for (const field of found) { slSized.observe(field); slPaint(field); }
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-wrong", "data-names"] });

// <button data-replace="field id" data-from data-to> puts another path where a wrong one stands, with the field's undo.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-replace]");
  const field = button && document.getElementById(button.dataset.replace);
  if (!field) return;
  const { from, to } = button.dataset;
  field.focus();
  for (let at = field.value.indexOf(from); at >= 0; at = field.value.indexOf(from, at + 1)) {
    if (!slIsWrong(field.value.slice(at ? at - 1 : 0, at + from.length + 1), [from])) continue;  // part of another path
    field.setSelectionRange(at, at + from.length);
    document.execCommand("insertText", false, to);
    at += to.length - 1;
  }
});
