import { on } from "./island";

on("click", "[data-copy]", async (button) => {
  const source = document.querySelector<HTMLElement>(button.dataset.copy ?? "");
  if (!source) return;
  await copy(source);
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  if (!button.dataset.copied || before === button.dataset.copied) return;
  label.textContent = button.dataset.copied;
  setTimeout(() => (label.textContent = before), 2000);
});

async function copy(source: HTMLElement): Promise<void> {
  const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard outside HTTPS and localhost; a selection can still be copied.
    getSelection()?.selectAllChildren(source);
    document.execCommand("copy");
  }
}
