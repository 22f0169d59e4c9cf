import { island, on } from "./island";

const SHOWN_MS = 6000;

// Good news leaves by itself, but not from under a pointer or the keyboard; the rest stays until dismissed.
island("[data-note].note-ok", (note) => {
  let timer = setTimeout(() => note.remove(), SHOWN_MS);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(() => note.remove(), SHOWN_MS);
  };
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", release);
  note.addEventListener("focusout", release);
});

on("click", "[data-dismiss]", (button) => button.closest("[data-note]")?.remove());
