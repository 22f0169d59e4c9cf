/** Runs `start` once for every element that matches `selector`: those on the page and those that htmx brings later. */
export function island(selector: string, start: (element: HTMLElement) => void): void {
  const started = new WeakSet<Element>();
  const run = () => {
    for (const element of document.querySelectorAll<HTMLElement>(selector)) {
      if (started.has(element)) continue;
      started.add(element);
      start(element);
    }
  };
  run();
  document.addEventListener("htmx:after:swap", run);
}

/** Listens on the document, so that elements swapped in later are heard too. */
export function on<K extends keyof DocumentEventMap>(
  type: K,
  selector: string,
  handle: (element: HTMLElement, event: DocumentEventMap[K]) => void,
): void {
  document.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
    if (target) handle(target, event);
  });
}
