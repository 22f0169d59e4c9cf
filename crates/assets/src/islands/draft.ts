import { island, on } from "./island";

// What is typed into a long form is kept in this browser until it is saved, by person and address: a crash, a closed tab
// or a way back loses nothing. The page offers it; nothing is put into the form without a word.
const PREFIX = "draft:";
const SENT = "draft-sent";
// What belongs to the page that was shown and not to what was typed.
const OWN = new Set(["form_id", "form_user", "version", "seen"]);
const PAUSE = 400;

type Fields = [string, string][];
interface Draft {
  at: number;
  fields: Fields;
}

function fieldsOf(form: HTMLFormElement): Fields {
  const fields: Fields = [];
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && !OWN.has(name)) fields.push([name, value]);
  }
  return fields;
}

// Browsers send line ends as CR LF, and some give them so.
const asText = (fields: Fields) => JSON.stringify(fields).replaceAll("\\r\\n", "\\n");

function keyOf(form: HTMLFormElement): string {
  return `${PREFIX}${form.dataset.draft}:${new URL(form.action).pathname}`;
}

function read(key: string): Draft | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

function write(key: string, draft: Draft): void {
  try {
    localStorage.setItem(key, JSON.stringify(draft));
  } catch {
    // No room, or not allowed: then there is no draft.
  }
}

// A form that was sent from here is saved when another page follows it. Where the form itself comes back, with errors or
// for a login, it is not.
const sent = sessionStorage.getItem(SENT);
if (sent) {
  sessionStorage.removeItem(SENT);
  const forms = [...document.querySelectorAll<HTMLFormElement>("form[data-draft]")];
  const unsaved = document.querySelector("[data-unsaved]") || forms.some((form) => keyOf(form) === sent);
  if (!unsaved) localStorage.removeItem(sent);
}

island("form[data-draft]", (element) => {
  const form = element as HTMLFormElement;
  const key = keyOf(form);
  const offer = document.querySelector<HTMLElement>("[data-draft-offer]");
  let timer = 0;
  let changed = false;
  // After the browser has put back what it keeps of a page by itself.
  setTimeout(() => {
    const shown = asText(fieldsOf(form));
    const draft = read(key);
    if (draft && asText(draft.fields) !== shown) propose(draft);
  });

  const keep = () => {
    clearTimeout(timer);
    if (changed) write(key, { at: Date.now(), fields: fieldsOf(form) });
    changed = false;
  };
  const note = () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(keep, PAUSE);
    // What is being typed now is newer than what was offered.
    if (offer) offer.hidden = true;
  };
  form.addEventListener("input", note);
  form.addEventListener("change", note);
  addEventListener("pagehide", keep);
  form.addEventListener("submit", (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.formTarget || button?.formMethod === "dialog" || event.defaultPrevented) return;
    changed = true;
    keep();
    sessionStorage.setItem(SENT, key);
  });

  function propose(draft: Draft): void {
    if (!offer) return;
    const time = offer.querySelector("[data-draft-time]");
    const at = new Date(draft.at);
    const today = new Date().toDateString() === at.toDateString();
    const lang = document.documentElement.lang;
    const day: Intl.DateTimeFormatOptions = today ? {} : { day: "numeric", month: "long" };
    if (time) time.textContent = at.toLocaleString(lang, { ...day, hour: "2-digit", minute: "2-digit" });
    offer.hidden = false;
    offer.querySelector("[data-draft-restore]")?.addEventListener("click", () => {
      restore(form, draft.fields);
      offer.hidden = true;
      form.querySelector<HTMLElement>("input:not([type=hidden]), textarea, select")?.focus();
    });
    offer.querySelector("[data-draft-discard]")?.addEventListener("click", () => {
      localStorage.removeItem(key);
      offer.hidden = true;
    });
  }
});

function restore(form: HTMLFormElement, fields: Fields): void {
  const left = fields.map(([name, value]) => ({ name, value }));
  const take = (name: string, value?: string) => {
    const at = left.findIndex(
      (field) => field.name === name && (value === undefined || field.value === value),
    );
    return at < 0 ? undefined : left.splice(at, 1)[0]?.value;
  };
  for (const control of form.elements) {
    if (control instanceof HTMLInputElement && (control.type === "checkbox" || control.type === "radio")) {
      control.checked = take(control.name, control.value) !== undefined;
    } else if (
      control instanceof HTMLTextAreaElement ||
      control instanceof HTMLSelectElement ||
      (control instanceof HTMLInputElement && control.type !== "hidden")
    ) {
      const value = take(control.name);
      if (value !== undefined) control.value = value;
    }
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// Whoever gives what is typed up, or leaves this browser to others, leaves no draft.
on("click", "[data-draft-drop]", () => {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft]")) {
    localStorage.removeItem(keyOf(form));
  }
});
on("submit", 'form[action="/logout"]', () => {
  for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
});

// A form that is too large is not sent: the answer would cost the page.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const warning = document.querySelector<HTMLElement>("[data-too-large]");
    if (!warning || !form.matches("form[data-draft]")) return;
    const pairs = [...new FormData(form)].filter(
      (pair): pair is [string, string] => typeof pair[1] === "string",
    );
    const size = new URLSearchParams(pairs).toString().length;
    warning.hidden = size <= Number(warning.dataset.tooLarge);
    if (warning.hidden) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    warning.focus();
  },
  { capture: true },
);

// What opens shows where to go on.
island("details[data-opens-focus]", (element) => {
  const details = element as HTMLDetailsElement;
  details.addEventListener("toggle", () => {
    if (details.open) details.querySelector<HTMLElement>(details.dataset.opensFocus ?? "")?.focus();
  });
});
