// A step is dragged by its grip, also into and out of branches and loops: a line shows where it would land. Escape lets
// go of it. <ol data-list="path"> are the lists; what is dropped is told as { step, path, index }.
let slDrag = null;
const SL_EDGE = 70;  // pixels from the edge, in which the steps scroll by themselves

addEventListener("pointerdown", (event) => {
  const grip = event.button === 0 ? event.target.closest?.(".sl-ed-tree .sl-grip") : null;
  if (!grip || slDrag) return;
  const item = grip.closest(".sl-ed-step");
  slDrag = { grip, item, pointer: event.pointerId, x: event.clientX, y: event.clientY, fromX: event.clientX, fromY: event.clientY, slot: null, line: null, ghost: null };
  grip.setPointerCapture(event.pointerId);
});

addEventListener("pointermove", (event) => {
  if (!slDrag || event.pointerId !== slDrag.pointer) return;
  Object.assign(slDrag, { x: event.clientX, y: event.clientY });
  if (!slDrag.line) {
    if (Math.hypot(slDrag.x - slDrag.fromX, slDrag.y - slDrag.fromY) < 6) return;
    slLift();
  }
  slAim();
});
addEventListener("pointerup", () => slRelease(true));
addEventListener("pointercancel", () => slRelease(false));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !slDrag?.line) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  slRelease(false);
}, true);

function slLift() {
  const node = slDrag.item.querySelector(".sl-node"), box = node.getBoundingClientRect();
  slDrag.ghost = node.cloneNode(true);
  slDrag.ghost.className = "sl-node sl-lifted";
  slDrag.ghost.removeAttribute("data-step");
  slDrag.ghost.removeAttribute("data-testid");
  slDrag.ghost.inert = true;
  for (const each of slDrag.ghost.querySelectorAll("[id]")) each.removeAttribute("id");
  Object.assign(slDrag.ghost.style, { width: `${box.width}px`, left: `${box.left}px`, top: `${box.top}px` });
  Object.assign(slDrag, { left: box.left, top: box.top, line: document.createElement("div") });
  slDrag.line.className = "sl-drop-line";
  document.body.append(slDrag.line, slDrag.ghost);
  document.body.classList.add("sl-dragging");
  slDrag.item.classList.add("sl-dragged");
  requestAnimationFrame(slScrollAlong);
}

// Every place between two steps, and in every empty list, that is not inside the step itself.
function* slSlots() {
  for (const list of document.querySelectorAll(".sl-ed-tree [data-list]")) {
    if (slDrag.item.contains(list)) continue;
    const box = list.getBoundingClientRect();
    const items = [...list.children].filter((each) => each.matches(".sl-ed-step"));
    for (let index = 0; index <= items.length; index++) {
      const before = items[index - 1]?.getBoundingClientRect(), after = items[index]?.getBoundingClientRect();
      const y = after ? after.top - (before ? 18 : 7) : before ? before.bottom + 9 : box.top + box.height / 2;
      yield { path: list.dataset.list, index, x: box.left, y, width: box.width };
    }
  }
}

function slAim() {
  const away = (slot) => Math.abs(slot.y - slDrag.y) + 0.4 * Math.abs(slot.x + 20 - slDrag.x);
  slDrag.slot = [...slSlots()].reduce((best, slot) => (best && away(best) <= away(slot) ? best : slot), null);
  slDrag.ghost.style.translate = `${slDrag.x - slDrag.fromX}px ${slDrag.y - slDrag.fromY}px`;
  if (slDrag.slot) Object.assign(slDrag.line.style, { left: `${slDrag.slot.x}px`, top: `${slDrag.slot.y}px`, width: `${slDrag.slot.width}px` });
}

function slScrollAlong() {
  if (!slDrag?.line) return;
  const canvas = document.querySelector(".sl-canvas"), scrolls = canvas.scrollHeight > canvas.clientHeight + 1;
  const box = scrolls ? canvas.getBoundingClientRect() : { top: 0, bottom: innerHeight };
  const by = slDrag.y < box.top + SL_EDGE ? -10 : slDrag.y > box.bottom - SL_EDGE ? 10 : 0;
  if (by) { (scrolls ? canvas : window).scrollBy(0, by); slAim(); }
  requestAnimationFrame(slScrollAlong);
}

function slRelease(drops) {
  const drag = slDrag;
  slDrag = null;
  if (!drag?.line) return;
  drag.line.remove();
  drag.ghost.remove();
  drag.item.classList.remove("sl-dragged");
  document.body.classList.remove("sl-dragging");
  const step = drag.grip.closest("[data-step]")?.dataset.step;
  if (drops && drag.slot && step) window.emitEvent?.("sl-drop", { step, path: drag.slot.path, index: drag.slot.index });
}
