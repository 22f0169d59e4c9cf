import { island, on } from "./island";

// Nothing typed is lost: leaving a changed form asks first. A form that came back with errors, or with what was typed
// before, counts as changed.
const dirty = new Set<HTMLFormElement>();

island("form[data-guard]", (element) => {
  const form = element as HTMLFormElement;
  // What is wrong with a form as a whole stands above it, or in it.
  if (form.querySelector(".is-invalid, #form-errors") || form.previousElementSibling?.id === "form-errors")
    dirty.add(form);
  if (form.dataset.draft && document.querySelector("#conflict, [data-restored]")) dirty.add(form);
  form.addEventListener("input", () => dirty.add(form));
  form.addEventListener("submit", (event) => {
    if (leaves(event)) dirty.delete(form);
  });
});

// Giving it up is the answer to that question.
on("click", "[data-draft-drop]", () => dirty.clear());

addEventListener("beforeunload", (event) => {
  for (const form of dirty) if (!form.isConnected) dirty.delete(form);
  if (dirty.size > 0) event.preventDefault();
});

// One click, one request: a second submit of the same form waits until the first is over. The button is not disabled,
// because a disabled button's name and value are not sent.
const busy = new WeakSet<HTMLFormElement>();

on("submit", 'form[method="post"]', (element, event) => {
  const form = element as HTMLFormElement;
  if (!leaves(event) || event.defaultPrevented) return;
  if (busy.has(form)) return event.preventDefault();
  busy.add(form);
  // A download leaves the page in place and tells nobody when it is done.
  setTimeout(() => busy.delete(form), 5000);
});

// A button that closes a dialog, or shows its answer in a frame of the page (a preview), leaves the page as it is.
function leaves(event: SubmitEvent): boolean {
  const button = event.submitter as HTMLButtonElement | null;
  return button?.formMethod !== "dialog" && !button?.formTarget;
}

// Coming back with the back button finds the page as it was left.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form").forEach((form) => busy.delete(form));
});

// After a failed save the summary of errors is where reading starts.
island("[data-focus]", (element) => element.focus());
