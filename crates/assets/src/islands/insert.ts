import { island } from "./island";

type Field = HTMLInputElement | HTMLTextAreaElement;

// Buttons with template variables: each goes to the cursor of the field that was used last.
island("[data-insert]", (chips) => {
  const fields = [...document.querySelectorAll<Field>(chips.dataset.insert ?? "")];
  let target = fields.at(-1);
  for (const field of fields) field.addEventListener("focus", () => (target = field));

  chips.addEventListener("click", (event) => {
    const chip = (event.target as Element).closest<HTMLButtonElement>("button[value]");
    if (!chip || !target) return;
    const { selectionStart, selectionEnd, value } = target;
    target.focus();
    target.setRangeText(chip.value, selectionStart ?? value.length, selectionEnd ?? value.length, "end");
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
});
