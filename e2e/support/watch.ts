// What no page may do, whatever it is for. Kept for the whole life of a page; `Watch.check` looks at it as it is now.
import { expect, type Page, type Response } from "@playwright/test";
import axe from "axe-core";

const STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

declare global {
  interface Window {
    axe: typeof axe;
  }
}

export class Watch {
  private readonly problems: string[] = [];
  private readonly expected = new Set<number>();

  constructor(
    private readonly page: Page,
    private readonly origin: string,
  ) {
    page.on("console", (message) => {
      // Of failed requests `response` below knows more. What is blocked in letters is the script of `begin`.
      // A stream whose session has ended is not begun again; the script says so there.
      const ended = this.expected.has(401) && message.text().includes("SSE reconnect failed with status 401");
      const known = ended || /^(Failed to load resource|Blocked script execution in)/.test(message.text());
      if (message.type() === "error" && !known) this.blame(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.blame(`script: ${error}`));
    page.on("response", (response) => this.answered(response));
    page.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText;
      // The browser itself gives up streams when it leaves a page, and documents that turn out to be downloads.
      if (reason !== "net::ERR_ABORTED") this.blame(`request: ${request.url()}: ${reason}`);
    });
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && url.origin !== this.origin)
        this.blame(`request to a stranger: ${url}`);
    });
  }

  /** Violations of the Content-Security-Policy end up in the console as errors of ours. */
  async begin(): Promise<void> {
    await this.page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(
          `securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
        );
      });
    });
  }

  /** From here on answers with this status are what the test is about. */
  expect(status: number): void {
    this.expected.add(status);
  }

  /** Nothing has gone wrong since the page was opened. */
  quiet(): void {
    expect(this.problems, "what went wrong on the pages so far").toEqual([]);
  }

  /** The page as it is now: quiet, accessible, as wide as the screen, with a language, a title and one heading. */
  async check(): Promise<void> {
    this.quiet();
    const shape = await this.page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - innerWidth,
      language: document.documentElement.lang,
      title: document.title,
      headings: document.querySelectorAll("h1").length,
      empty: document.querySelectorAll("main :is(h1, h2, label, button, a):empty").length,
    }));
    expect(shape, this.page.url()).toEqual({
      overflow: 0,
      language: expect.stringMatching(/^(ru|en)$/),
      title: expect.stringMatching(/\S/),
      headings: 1,
      empty: 0,
    });
    // Colours on their way from one theme to the other are neither; what stands still for longer is as it stays.
    await this.page.evaluate(async () => {
      const finished = document.getAnimations().map((one) => one.finished.catch(() => {}));
      await Promise.race([Promise.all(finished), new Promise((resolve) => setTimeout(resolve, 500))]);
    });
    expect(await this.violations(), `accessibility of ${this.page.url()}`).toEqual([]);
  }

  /** What axe finds. Letters in frames are their writers' affair. */
  private async violations() {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(
      (standards) =>
        window.axe.run(document, { iframes: false, runOnly: standards, resultTypes: ["violations"] }),
      STANDARDS,
    );
    return found.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`),
    }));
  }

  private answered(response: Response): void {
    if (response.status() >= 400 && !this.expected.has(response.status())) {
      this.blame(`${response.status()} for ${response.request().method()} ${response.url()}`);
    }
  }

  private blame(problem: string): void {
    this.problems.push(`${problem} (on ${this.page.url()})`);
  }
}
