// Menus are <details>: they open without scripts; this closes them on Escape and on a click elsewhere.
const selector = "details.menu[open], details.bottombar-more[open]";
const opened = () => document.querySelectorAll<HTMLDetailsElement>(selector);

document.addEventListener("click", (event) => {
  for (const menu of opened()) if (!menu.contains(event.target as Node)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of opened()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
  }
});
