import { island } from "./island";

// A field that the server left empty gets the browser's time zone. A <select> counts as empty when no option was
// printed as selected: its value alone would be that of the first option.
island("[data-timezone]", (field) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    const chosen = options.some((option) => option.defaultSelected && option.value);
    if (!chosen && options.some((option) => option.value === zone)) field.value = zone;
  } else if (field instanceof HTMLInputElement && !field.value) {
    field.value = zone;
  }
});
