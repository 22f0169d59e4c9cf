import { island } from "./island";

// Counts down what the server said is left. The server alone decides; when it sends a new number (a morph changes the
// attribute), the count follows.
island("[data-undo]", (bar) => {
  const number = bar.querySelector("[data-undo-left]");
  const progress = bar.querySelector("progress");
  let told = "";
  let end = 0;

  const timer = setInterval(tick, 250);
  tick();

  function tick(): void {
    if (!bar.isConnected) return clearInterval(timer);
    const said = bar.dataset.undo ?? "0";
    if (said !== told) {
      told = said;
      end = performance.now() + Number(said) * 1000;
    }
    const left = Math.max(0, (end - performance.now()) / 1000);
    const whole = String(Math.ceil(left));
    if (number && number.textContent !== whole) number.textContent = whole;
    if (progress) progress.value = left;
    if (left === 0) finish();
  }

  function finish(): void {
    clearInterval(timer);
    bar.querySelector("form")?.remove();
    progress?.remove();
    const text = bar.querySelector("p");
    if (text && bar.dataset.undoOver) {
      text.setAttribute("role", "status");
      text.textContent = bar.dataset.undoOver;
    }
    setTimeout(() => bar.remove(), 4000);
  }
});
