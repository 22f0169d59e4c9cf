import { on } from "./island";

// Switches at once and tells the server in the background; without scripts the form does the same by reloading.
on("submit", "form[data-theme]", (element, event) => {
  const form = element as HTMLFormElement;
  const button = event.submitter;
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  document.documentElement.dataset.bsTheme = button.value;

  // The pressed button has just been hidden; keyboard users go on from its twin.
  const twin = [...form.querySelectorAll("button")].find((other) => other !== button);
  twin?.focus();

  const body = new URLSearchParams({ [button.name]: button.value });
  // Kept alive, because whoever switches may leave the page at once.
  fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {
    // Offline: the page keeps the new look, the next page will not; nothing worth interrupting for.
  });
});
