// Signing in and out. Only an answer to a request can set a cookie that scripts cannot read, so these forms use fetch:
// <form data-account="/session" data-next="/…"> with a hidden [role=alert] inside.
const slAt = () => window.path_prefix ?? "";

async function slSend(path, method, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  const answer = await fetch(slAt() + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  let data = {};
  try { data = text ? JSON.parse(text) : {}; } catch { data = { detail: "The server gave an answer that makes no sense." }; }
  return { ok: answer.ok, status: answer.status, data };
}

function slFieldError(input, sentence) {
  const line = document.getElementById(input.id + "-error");
  input.toggleAttribute("aria-invalid", false);
  if (sentence) input.setAttribute("aria-invalid", "true");
  if (!line) return false;
  line.querySelector("span").textContent = sentence || "";
  line.hidden = !sentence;
  return true;
}

function slProblem(form, problem) {
  const alert = form.querySelector("[role=alert]");
  const unplaced = [];
  for (const input of form.querySelectorAll("input")) if (input.id) slFieldError(input, "");
  for (const error of problem.errors ?? []) {
    const input = form.elements[error.field];
    if (!input || !slFieldError(input, error.message)) unplaced.push(error.message);
  }
  const first = form.querySelector("[aria-invalid=true]");
  const said = first && !unplaced.length ? "" : [problem.detail || problem.title || "That did not work.", ...unplaced].join(" ");
  alert.hidden = !said;
  alert.querySelector(".body").textContent = said;
  (first ?? form.querySelector("input[type=password]"))?.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-account]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  if (button.getAttribute("aria-busy")) return;
  const missing = [...form.querySelectorAll("input[required]")].filter((input) => !input.value);
  if (missing.length) {
    slProblem(form, { errors: missing.map((input) => ({ field: input.name, message: input.dataset.missing })) });
    return;
  }
  button.setAttribute("aria-busy", "true");
  let leaves = false;
  try {
    const entered = Object.fromEntries([...new FormData(form)].filter((pair) => pair[1] !== ""));
    const answer = await slSend(form.dataset.account, "POST", entered);
    leaves = answer.ok;
    if (answer.ok) location.assign(slAt() + form.dataset.next);
    else slProblem(form, answer.data);
  } catch {
    slProblem(form, { detail: "The server does not answer. Is it running?" });
  } finally {
    if (!leaves) button.removeAttribute("aria-busy");
  }
});

window.slSignOut = async () => {
  sessionStorage.removeItem("sl-kept");
  await slSend("/session", "DELETE").catch(() => {});
  location.assign(slAt() + "/sign-in");
};

// <button data-reveal="input-id"> shows what a password field hides.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const input = document.getElementById(button.dataset.reveal);
  const shows = input.type === "password";
  input.type = shows ? "text" : "password";
  button.setAttribute("aria-pressed", String(shows));
});

// <div data-meter="input-id">: how hard a new password is to guess. A hint; the server decides.
const SL_STRENGTH = ["", "Weak. Add another word.", "Fair. One more word makes it good.", "Good.", "Strong. Four or more words are easy to remember."];

function slStrength(text) {
  if (text.length < 10) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(text)).length;
  const different = new Set(text).size;
  const score = different + 0.75 * (text.length - different) + 2 * kinds;
  return different < 5 ? 1 : 1 + [14, 18, 22].filter((step) => score >= step).length;
}

document.addEventListener("input", (event) => {
  const meter = event.target.id && document.querySelector(`[data-meter="${event.target.id}"]`);
  if (event.target.getAttribute?.("aria-invalid")) slFieldError(event.target, "");
  if (!meter) return;
  const text = event.target.value, level = slStrength(text);
  meter.dataset.level = text ? Math.max(level, 1) : 0;
  meter.dataset.good = level > 2;
  meter.nextElementSibling.textContent = !text ? meter.dataset.hint : level ? SL_STRENGTH[level] : `${10 - text.length} more character${text.length === 9 ? "" : "s"}.`;
  meter.nextElementSibling.classList.toggle("ok", level > 2);
});
