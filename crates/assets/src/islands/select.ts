import { island } from "./island";

// Rows chosen in a table: the head's box takes the page, the bar's box everything that matches the filter.
island("form[data-select]", (form) => {
  const page = form.querySelector<HTMLInputElement>("[data-select-page]");
  const all = form.querySelector<HTMLInputElement>("[data-select-all]");
  const count = form.querySelector("[data-select-count]");
  const buttons = form.querySelectorAll<HTMLButtonElement>("[data-select-bar] button");
  const rows = () => [...form.querySelectorAll<HTMLInputElement>(".cell-check input[name]")];

  form.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (box === page || box === all) rows().forEach((row) => (row.checked = box.checked));
    else if (all && !box.checked && rows().includes(box)) all.checked = false;
    show();
  });
  // The browser may restore ticks when the user comes back.
  addEventListener("pageshow", show);
  show();

  function show(): void {
    const boxes = rows();
    const chosen = boxes.filter((row) => row.checked).length;
    const total = all?.checked ? Number(form.dataset.selectTotal ?? chosen) : chosen;
    if (page) {
      page.checked = chosen > 0 && chosen === boxes.length;
      page.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (count) count.textContent = total.toLocaleString(document.documentElement.lang);
    buttons.forEach((button) => (button.disabled = total === 0));
  }
});
