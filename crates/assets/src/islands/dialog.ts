import { on } from "./island";

// A link to a page of confirmation, shown as a dialog when the page carries one.
on("click", "[data-dialog]", (trigger, event) => {
  const dialog = document.getElementById(trigger.dataset.dialog ?? "");
  const newTab = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (newTab || !(dialog instanceof HTMLDialogElement)) return;
  event.preventDefault();
  // From a menu: it closes, and gets the focus, so that this comes back to something that can be seen.
  const menu = trigger.closest<HTMLDetailsElement>("details.menu");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
  dialog.showModal();
});

// A click on the backdrop is a click on the dialog itself, outside its box.
on("click", "dialog[open]", (element, event) => {
  if (event.target !== element) return;
  const box = element.getBoundingClientRect();
  const inside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  if (!inside) (element as HTMLDialogElement).close();
});
