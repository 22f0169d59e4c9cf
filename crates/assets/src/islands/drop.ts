import { island } from "./island";

// A place to drop a file on; shows what was chosen. The file field inside does the work, with or without scripts.
island("[data-drop]", (zone) => {
  const input = zone.querySelector<HTMLInputElement>("input[type=file]");
  const label = zone.querySelector(".drop-file");
  if (!input) return;

  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("is-over");
  });
  for (const type of ["dragleave", "drop"]) {
    zone.addEventListener(type, () => zone.classList.remove("is-over"));
  }
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    const files = event.dataTransfer?.files;
    if (!files?.length) return;
    input.files = input.multiple ? files : first(files);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    if (label) label.textContent = files.map((file) => `${file.name}, ${size(file.size)}`).join("; ");
  });
});

function first(files: FileList): FileList {
  const transfer = new DataTransfer();
  if (files[0]) transfer.items.add(files[0]);
  return transfer.files;
}

function size(bytes: number): string {
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit",
    unit,
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}
