// Live parts keep the last known numbers when the stream breaks; this says so until it is back.
const lost = () => document.querySelectorAll<HTMLElement>("[data-live-lost]");

document.addEventListener("htmx:sse:error", () => lost().forEach((element) => (element.hidden = false)));
document.addEventListener("htmx:sse:after:connection", () =>
  lost().forEach((element) => (element.hidden = true)),
);
