import { island, on } from "./island";

/** Emails are designed for a window at least this wide; most are 600 px. */
const DESKTOP = 640;

/** Where there is less room, the frame stays as wide and is drawn smaller, so that nothing of the design is cut off. */
function fit(preview: HTMLElement): void {
  const frame = preview.querySelector<HTMLElement>(".preview-frame");
  const room = preview.clientWidth;
  if (!frame || room === 0) return;
  frame.removeAttribute("style");
  if (preview.dataset.width === "phone" || room >= DESKTOP) return;
  const scale = room / DESKTOP;
  const height = frame.clientHeight;
  Object.assign(frame.style, {
    width: `${DESKTOP}px`,
    height: `${height / scale}px`,
    maxHeight: "none",
    transform: `scale(${scale})`,
    transformOrigin: "0 0",
    // What the frame is drawn smaller by would stay empty below it.
    marginBottom: `${height - height / scale}px`,
  });
}

island(".preview", (preview) => {
  let room = 0;
  new ResizeObserver(() => {
    // The height follows from the width; looking at it again would never end.
    if (preview.clientWidth === room) return;
    room = preview.clientWidth;
    fit(preview);
  }).observe(preview);
});

on("click", ".preview [data-width]", (button) => {
  const preview = button.closest<HTMLElement>(".preview");
  if (!preview) return;
  preview.dataset.width = button.dataset.width;
  for (const other of preview.querySelectorAll("button[data-width]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  fit(preview);
});
