// A person at the browser: what people do, by the words they read. Each step ends with a look at the page it led to.
import { readFile } from "node:fs/promises";
import { expect, type Page } from "@playwright/test";
import type { Product } from "./app";
import { Authenticator } from "./authenticator";
import { csv, parseCsv, people, type Recipient } from "./people";
import type { Watch } from "./watch";
import type { Language, Words } from "./words";

/** Reads all mail. */
const POSTMASTER = "postmaster@vestnik.example";

/** Milliseconds until a page that does not show what it should yet is loaded again. */
export const LOOK = 1_000;

export class Person {
  password = "correct horse battery";

  constructor(
    readonly page: Page,
    private readonly app: Product,
    readonly language: Language,
    readonly words: Words,
    readonly watch: Watch,
    public email: string,
    readonly name: string,
  ) {}

  button(id: string, args = {}) {
    return this.page.getByRole("button", { name: this.words(id, args), exact: true });
  }

  /** A link in the page itself, not one of the navigation. */
  link(id: string, args = {}) {
    return this.page.locator("main").getByRole("link", { name: this.words(id, args), exact: true });
  }

  /** What opens the menu of a mailing's further acts. */
  more() {
    return this.page.locator("main summary").filter({ hasText: this.words("mailing-more") });
  }

  /** A control by its label, which may say that it is optional. */
  field(id: string) {
    const label = this.words(id).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const words = new RegExp(`^\\s*${label}\\s*(${this.words("optional")})?\\s*$`);
    return this.page.getByLabel(words).and(this.page.locator("input, select, textarea"));
  }

  heading(name: string) {
    return this.page.getByRole("heading", { level: 1, name });
  }

  note(id: string, args = {}) {
    return this.page.locator(".note").filter({ hasText: this.words(id, args) });
  }

  /** A number in a list of figures or facts, by its words. */
  figure(id: string) {
    const term = this.page.getByRole("term").filter({ hasText: new RegExp(`^${this.words(id)}$`) });
    return this.page.locator("dl > div").filter({ has: term }).locator("dd.num").first();
  }

  /** Looks at a page that is reached by its address. */
  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.watch.check();
  }

  // Accounts

  async register(): Promise<void> {
    await this.open("/");
    await this.link("home-register").click();
    await expect(this.heading(this.words("register-title"))).toBeVisible();
    await expect(this.field("field-time-zone"), "the browser's time zone is chosen").toHaveValue(
      "Europe/Moscow",
    );
    await this.watch.check();
    await this.field("field-email").fill(this.email);
    await this.field("field-name").fill(this.name);
    await this.field("field-password").fill(this.password);
    await this.button("register-submit").click();
    await expect(this.heading(this.words("register-sent-title"))).toBeVisible();
    await this.watch.check();
  }

  /** Makes a confirmed account from the command line, for tests that are about something else. */
  async hasAccount(email = this.email): Promise<void> {
    await this.hasAccountOf("user", email);
  }

  /** Has an account that watches over everyone's mailings (`manager`) or runs the installation (`admin`). */
  async hasAccountOf(kind: "user" | "manager" | "admin", email = this.email): Promise<void> {
    const account = ["--email", email, "--name", this.name, "--language", this.language];
    await this.app.cli(
      [`create-${kind}`, ...account, "--time-zone", "Europe/Moscow", "--password-stdin"],
      this.password,
    );
  }

  /** The first step of a login, and the only one for those who have no second factor. */
  async givePassword(email = this.email): Promise<void> {
    await this.open("/login");
    await this.field("field-email").fill(email);
    await this.field("field-password").fill(this.password);
    await this.button("login-submit").click();
  }

  async logIn(email = this.email): Promise<void> {
    await this.givePassword(email);
    await expect(this.page).toHaveURL(/\/dashboard$/);
    await this.watch.check();
  }

  /** Sets up an app for the second factor; it stays on the page with the recovery codes. */
  async setUpTwoFactor(): Promise<{ app: Authenticator; codes: string[] }> {
    await this.open("/settings/two-factor");
    await expect(this.heading(this.words("factor-ask-start-title"))).toBeVisible();
    await this.field("settings-password-current").fill(this.password);
    await this.button("factor-ask-start-submit").click();
    await expect(this.heading(this.words("factor-app-title"))).toBeVisible();
    const app = new Authenticator(await this.page.locator("#secret").innerText(), this.app);
    await this.field("field-code").fill(await app.code());
    await this.button("factor-app-submit").click();
    await expect(this.heading(this.words("factor-codes"))).toBeVisible();
    return { app, codes: await this.page.locator("#codes li").allInnerTexts() };
  }

  async logOut(): Promise<void> {
    await this.openSections();
    await this.button("log-out").locator("visible=true").click();
    await expect(this.note("flash-logged-out")).toBeVisible();
    await this.watch.check();
  }

  // Finding the way

  /** Opens the part of the navigation that a phone has no room for. */
  private async openSections(): Promise<void> {
    const more = this.page.locator(".bottombar-more > summary");
    if (await more.isVisible()) await more.click();
  }

  /** Goes to a section by the navigation. */
  async goTo(id: string): Promise<void> {
    await this.openSections();
    // A number may stand beside its name.
    const name = new RegExp(`^${this.words(id)}( [\\d\\s.,]+)?$`);
    const section = this.page.locator("nav").getByRole("link", { name });
    await section.locator("visible=true").click();
    await expect(this.heading(this.words(id))).toBeVisible();
    await this.watch.check();
  }

  /** What the navigation offers besides the person's own mailings. */
  async managedSections(): Promise<string[]> {
    await this.openSections();
    const links = this.page.locator("nav a[href^='/manage/']").locator("visible=true");
    await this.watch.check();
    return links.allInnerTexts();
  }

  // Caught emails

  /** Whether an administrator is signed in at this browser in the person's place, to read mail. */
  private readByPostmaster = false;

  /**
   * Opens the newest caught email that the search finds. Who is signed in reads their own; in place of one who is not, as
   * they read mail outside the product, an administrator does.
   */
  async openLetter(search: string): Promise<void> {
    const cookies = await this.page.context().cookies();
    if (!cookies.some(({ name }) => name.endsWith("session"))) {
      if (!this.readByPostmaster) await this.letPostmasterIn();
      this.readByPostmaster = true;
    }
    await expect(async () => {
      await this.page.goto(`/caught?q=${encodeURIComponent(search)}`);
      await expect(this.page.locator("tbody tr").first()).toBeVisible({ timeout: LOOK });
    }).toPass();
    await this.watch.check();
    await this.page.locator("tbody tr a.row-link").first().click();
    await expect(this.page).toHaveURL(/\/caught\/\d+$/);
    await this.watch.check();
  }

  private async letPostmasterIn(): Promise<void> {
    const [email, password] = [POSTMASTER, "a postmaster reads all of it"];
    await this.app.cli(
      [
        "create-admin",
        "--email",
        email,
        "--name",
        "Postmaster",
        "--language",
        this.language,
        "--password-stdin",
      ],
      password,
    );
    await this.page.goto("/login");
    await this.field("field-email").fill(email);
    await this.field("field-password").fill(password);
    await this.button("login-submit").click();
    await expect(this.page).toHaveURL(/\/dashboard$/);
  }

  /** Follows the link in the email that is open. */
  async followLink(path: string): Promise<string> {
    const text = await this.page.locator("main pre").innerText();
    const link = new RegExp(`https?://\\S+${path}\\S+`).exec(text)?.[0];
    expect(link, `a link to ${path} in the email`).toBeTruthy();
    if (this.readByPostmaster) await this.page.context().clearCookies({ name: /session$/ });
    this.readByPostmaster = false;
    await this.open(link ?? "");
    return link ?? "";
  }

  async confirmAddress(): Promise<string> {
    await this.openLetter(this.email);
    await expect(this.heading(this.words("letter-confirm-subject"))).toBeVisible();
    await expect(this.page.locator("main pre")).toContainText(
      this.words("letter-hello", { name: this.name }),
    );
    const link = await this.followLink("/confirm/");
    await this.button("confirm-submit").click();
    await expect(this.note("flash-confirmed")).toBeVisible();
    await this.watch.check();
    return link;
  }

  // Recipients

  /** Imports a file with all of them and a row that is no recipient. */
  async importRecipients(recipients: Recipient[]): Promise<void> {
    const broken = { email: "no address", name: "?", comment: "" };
    const file = csv(this.language, [...recipients.slice(0, 10), broken, ...recipients.slice(10)]);

    await this.open("/recipients");
    await this.link("recipients-import-file").click();
    await expect(this.heading(this.words("import-title"))).toBeVisible();
    await this.watch.check();
    const name = this.language === "ru" ? "получатели.csv" : "recipients.csv";
    await this.page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer: file });
    await this.button("import-submit").click();

    // The page follows the import by itself.
    await expect(this.page.locator(".status")).toHaveText(this.words("import-state-done"));
    await expect(this.page.locator("#import-name")).toHaveText(name);
    await expect(this.figure("import-added")).toHaveText(String(recipients.length));
    await expect(this.figure("import-rejected")).toHaveText("1");
    const rejected = this.page.getByRole("row").filter({ hasText: broken.email });
    await expect(rejected.getByRole("rowheader")).toHaveText("12");
    await expect(rejected).toContainText(this.words("address-no-at"));
    await this.watch.check();
    const [header, ...rows] = await this.download("import-rejected-download");
    expect(header).toBeDefined();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toEqual(expect.arrayContaining(["12", broken.email, this.words("address-no-at")]));
  }

  async findRecipient(recipient: Recipient, total: number): Promise<void> {
    await this.open("/recipients");
    await expect(
      this.page.getByRole("heading", { name: this.words("count-recipients", { n: total }) }),
    ).toBeVisible();
    await this.page
      .getByRole("searchbox", { name: this.words("recipients-search") })
      .fill(recipient.name.toUpperCase());
    await this.button("recipients-search").click();
    const row = this.page.locator("tbody tr").filter({ hasText: recipient.email });
    await expect(row).toContainText(recipient.name);
    await expect(row).toContainText(recipient.comment);
    await this.watch.check();
    await row.getByRole("link", { name: recipient.email, exact: true }).click();
    await expect(this.heading(recipient.name)).toBeVisible();
    await this.watch.check();
  }

  // Messages

  /** Writes a message and looks at it as the recipient who is offered first. */
  async writeMessage(subject: string, html: string, seen: RegExp): Promise<void> {
    await this.open("/messages");
    await this.link("messages-new").click();
    await this.watch.check();
    await this.field("message-subject").fill(subject);
    await this.field("message-html").fill(html);
    await this.button("message-preview-show").click();
    const preview = this.page.frameLocator("iframe[name=preview]");
    await expect(preview.locator("body")).toContainText(seen);
    await this.seesWholeDesigns();
    await this.button("message-create").click();
    await expect(this.note("flash-message-saved")).toBeVisible();
    await expect(this.page.frameLocator("iframe.preview-frame").locator("body")).toContainText(seen);
    await this.seesWholeDesigns();
    await this.watch.check();
  }

  /** The usual design is 600 px wide. The frame has room for it, whatever the screen has. */
  private async seesWholeDesigns(): Promise<void> {
    const frame = this.page.locator("iframe.preview-frame");
    await expect.poll(() => frame.evaluate((frame) => frame.clientWidth)).toBeGreaterThanOrEqual(600);
    const [drawn, room] = await Promise.all([
      frame.boundingBox(),
      this.page.locator(".preview").boundingBox(),
    ]);
    expect(drawn!.width).toBeLessThanOrEqual(room!.width + 0.5);
  }

  // Mailings

  /** From a message's page to the page that asks whether to send. */
  async makeMailing(name: string): Promise<void> {
    await this.link("message-mail").click();
    await expect(this.heading(this.words("new-mailing"))).toBeVisible();
    await this.watch.check();
    await this.field("mailing-name").fill(name);
    await this.button("mailing-save").click();
    await expect(this.heading(name)).toBeVisible();
    await expect(this.page).toHaveURL(/\/review$/);
    await this.watch.check();
  }

  /** Starts a run, which waits until it cannot be undone any more: see `undoTimeEnds`. */
  async startRun(count: number): Promise<void> {
    await this.button("review-send", { n: count }).click();
    await expect(this.page).toHaveURL(/\/mailings\/\d+$/);
    await expect(this.page.locator("[data-undo]")).toBeVisible();
    await expect(this.button("run-undo")).toBeVisible();
    await expect(this.page.getByRole("main").getByRole("status").first()).toContainText(
      this.words("mailing-status-running"),
    );
    await this.page.evaluate(() => document.documentElement.setAttribute("data-not-reloaded", ""));
  }

  async undoTimeEnds(): Promise<void> {
    await this.app.passTime(61);
  }

  async sendNow(count: number): Promise<void> {
    await this.startRun(count);
    await this.undoTimeEnds();
  }

  /** Waits for the end without touching the page: it keeps itself up to date. */
  async watchUntilSent(): Promise<void> {
    const status = this.page.getByRole("main").getByRole("status").first();
    await expect(status).toContainText(this.words("mailing-status-completed"));
    await expect(this.page.locator("html[data-not-reloaded]")).toHaveCount(1);
    await this.watch.check();
  }

  // Tables

  /** Downloads a CSV file by its link; its rows, the header first. */
  async download(link: string): Promise<string[][]> {
    const waiting = this.page.waitForEvent("download");
    await this.link(link).click();
    const file = await (await waiting).path();
    return parseCsv(this.language, await readFile(file, "utf8"));
  }

  // Data for tests that are about something else

  /** Has recipients and a message, made from the command line. */
  async hasRecipientsAndMessage(count: number): Promise<string> {
    const owner = ["--owner", this.email];
    const list = await this.app.file("list.csv", csv(this.language, people(this.language, count)));
    await this.app.cli(["recipients", "import", ...owner, list]);
    const russian = this.language === "ru";
    const html = await this.app.file(
      "letter.html",
      russian
        ? "<h1>Осеннее меню</h1><p>Здравствуйте, {{ recipient.full_name }}! Тыквенный латте уже в кофейне.</p>"
        : "<h1>Autumn menu</h1><p>Hello {{ recipient.full_name }}, the pumpkin latte is here.</p>",
    );
    const subject = russian
      ? "Осеннее меню для {{ recipient.full_name }}"
      : "Autumn menu for {{ recipient.full_name }}";
    return this.app.cli(["message", "create", ...owner, "--subject", subject, "--html", html]);
  }

  /** Has a mailing of that message, sent or not. */
  async hasMailing(message: string, name: string, sent: boolean): Promise<string> {
    const mailing = ["--owner", this.email, "--message", message, "--all-recipients", "--name", name];
    const id = await this.app.cli(["mailing", "create", ...mailing]);
    if (sent) await this.app.cli(["mailing", "send", id, "--wait"]);
    return id;
  }
}
