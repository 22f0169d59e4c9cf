import { on } from "./island";

on("click", ".preview [data-width]", (button) => {
  const preview = button.closest<HTMLElement>(".preview");
  if (!preview) return;
  preview.dataset.width = button.dataset.width;
  for (const other of preview.querySelectorAll("button[data-width]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
});
