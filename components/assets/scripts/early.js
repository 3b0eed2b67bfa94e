// Runs before anything is painted: light or dark, so that no page flashes in the other.
window.slTheme = (chosen) => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const dark = window.slChosen === "dark" || (window.slChosen === "system" && system.matches);
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  };
  window.slChosen = chosen;
  try { localStorage.setItem("streamline-theme", chosen); } catch { /* private windows have no storage */ }
  apply();
  if (!window.slFollows) { window.slFollows = true; system.addEventListener("change", apply); }
};
{
  let last = "system";
  try { last = localStorage.getItem("streamline-theme") || last; } catch { /* see above */ }
  window.slTheme(last);
}
