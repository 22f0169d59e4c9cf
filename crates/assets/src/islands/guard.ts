import { island, on } from "./island";

// Nothing typed is lost: leaving a changed form asks first. A form that came back with errors counts as changed.
const dirty = new Set<HTMLFormElement>();

island("form[data-guard]", (element) => {
  const form = element as HTMLFormElement;
  if (form.querySelector(".is-invalid")) dirty.add(form);
  form.addEventListener("input", () => dirty.add(form));
  form.addEventListener("submit", () => dirty.delete(form));
});

addEventListener("beforeunload", (event) => {
  for (const form of dirty) if (!form.isConnected) dirty.delete(form);
  if (dirty.size > 0) event.preventDefault();
});

// One click, one request: a second submit of the same form waits until the first is over. The button is not disabled,
// because a disabled button's name and value are not sent.
const busy = new WeakSet<HTMLFormElement>();

on("submit", 'form[method="post"]', (element, event) => {
  const form = element as HTMLFormElement;
  const closesDialog = (event.submitter as HTMLButtonElement | null)?.formMethod === "dialog";
  if (closesDialog || event.defaultPrevented) return;
  if (busy.has(form)) return event.preventDefault();
  busy.add(form);
  // A download leaves the page in place and tells nobody when it is done.
  setTimeout(() => busy.delete(form), 5000);
});

// Coming back with the back button finds the page as it was left.
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form").forEach((form) => busy.delete(form));
});

// After a failed save the summary of errors is where reading starts.
island("[data-focus]", (element) => element.focus());
