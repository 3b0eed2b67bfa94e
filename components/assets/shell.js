/* What Python cannot do in a browser: cookies are set by answers to fetch, shortcuts must be stopped, and a lost
   connection has to be told without one. */
"use strict";
(() => {
  const at = () => (window.path_prefix ?? "");

  async function send(path, method, body) {
    const answer = await fetch(at() + path, {
      method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    let data = {};
    try { data = text ? JSON.parse(text) : {}; } catch { data = { detail: "The server gave an answer that makes no sense." }; }
    return { ok: answer.ok, status: answer.status, data };
  }

  /* Forms that sign somebody in: <form data-account="/session" data-next="/…">. */
  function tellProblem(form, problem) {
    const box = form.querySelector("[role=alert]");
    box.hidden = false;
    box.textContent = problem.detail || problem.title || "That did not work.";
    for (const input of form.querySelectorAll("input")) input.removeAttribute("aria-invalid");
    for (const error of problem.errors ?? []) {
      const input = form.elements[error.field];
      if (!input) continue;
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", box.id);
    }
    (form.querySelector("[aria-invalid]") ?? form.querySelector("input[type=password]"))?.focus();
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-account]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const entered = Object.fromEntries([...new FormData(form)].filter((pair) => pair[1] !== ""));
      const answer = await send(form.dataset.account, "POST", entered);
      if (answer.ok) location.assign(at() + form.dataset.next);
      else tellProblem(form, answer.data);
    } catch {
      tellProblem(form, { detail: "The server does not answer. Is it running?" });
    } finally {
      button.removeAttribute("aria-busy");
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-do]");
    if (button?.dataset.do === "sign-out") {
      await send("/session", "DELETE").catch(() => {});
      location.assign(at() + "/sign-in");
    } else if (button?.dataset.do === "reveal") {
      const input = document.getElementById(button.dataset.of);
      const shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    }
  });

  /* The connection to the server: a quiet bar, and only once it has been away for a while. */
  function watchConnection() {
    if (!window.socket) { setTimeout(watchConnection, 200); return; }
    const bar = document.createElement("div");
    bar.className = "sl-offline"; bar.hidden = true; bar.setAttribute("role", "status");
    const words = document.createElement("span");
    const reload = document.createElement("button");
    reload.className = "sl-btn sm"; reload.type = "button"; reload.textContent = "Reload"; reload.hidden = true;
    reload.addEventListener("click", () => location.reload());
    bar.append(words, reload); document.body.append(bar);
    let soon, later, leaving = false;
    addEventListener("pagehide", () => { leaving = true; });
    window.socket.on("disconnect", () => {
      if (leaving) return;
      soon = setTimeout(() => { words.textContent = "Connection lost. Your changes are kept; reconnecting…"; bar.hidden = false; }, 2000);
      later = setTimeout(() => { reload.hidden = false; }, 15000);
    });
    window.socket.on("connect", () => { clearTimeout(soon); clearTimeout(later); bar.hidden = true; reload.hidden = true; });
  }
  addEventListener("load", watchConnection);
})();
