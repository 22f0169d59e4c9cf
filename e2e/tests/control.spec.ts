// Control over what is being sent: pause, resume, cancel, send again, disable, enable. The mail server is the test's own and
// takes as many messages as a test wants, so that a run is where the test wants it for as long as it looks.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test";

/** How many letters the page says are done; none before the sending begins. */
async function done(page: Page): Promise<number> {
  const lines = await page.locator(".sending-line .num").allInnerTexts();
  return Number(/\d+/.exec(lines[0] ?? "")?.[0] ?? 0);
}

/** More than all connections together have in hand at once. */
const ALL = 100;
/** How many the server takes before it makes the sending wait. */
const FIRST = 20;

test.describe("a mail server that takes as many as the test wants", () => {
  test.use({ hasMailServer: true });

  test("a run is paused, resumed and cancelled; the others get theirs later", async ({
    page,
    person,
    watch,
    mailServer,
    t,
  }) => {
    mailServer.takeOnly(FIRST);
    await person.hasAccount();
    await person.hasMailing(await person.hasRecipientsAndMessage(ALL), String(ALL), false);
    await person.logIn();
    await page.goto("/mailings");
    await page.getByRole("link", { name: String(ALL), exact: true }).click();
    await person.link("mailing-send-now").click();
    await person.sendNow(ALL);

    await test.step("pause: it stands still and says so", async () => {
      await expect.poll(() => done(page)).toBe(FIRST);
      await watch.check();
      await person.button("run-pause").click();
      await expect(person.note("flash-run-paused")).toBeVisible();
      await expect(page.locator(".status", { hasText: t("run-state-paused") })).toBeVisible();
      // What was being handed over when the button was pressed ends; the server would take all others as well.
      mailServer.takeAll();
      await expect.poll(() => done(page)).toBe(mailServer.taken.length);
      await page.reload();
      await expect.poll(() => done(page)).toBe(mailServer.taken.length);
      expect(mailServer.taken.length).toBeLessThan(ALL);
      await watch.check();
      await person.open("/dashboard");
      await expect(person.button("run-resume")).toBeVisible();
      await person.open("/runs/1/cancel");
      await expect(person.heading(t("run-cancel-title"))).toBeVisible();
      await page.getByRole("link", { name: t("run-cancel-keep") }).click();
    });

    await test.step("resume: it goes on", async () => {
      const before = mailServer.taken.length;
      mailServer.takeOnly(FIRST);
      await person.button("run-resume").click();
      await expect(person.note("flash-run-resumed")).toBeVisible();
      await expect.poll(() => done(page)).toBe(before + FIRST);
    });

    await test.step("cancel: asked first, in a dialog whose numbers go on", async () => {
      await person.link("run-cancel").click();
      const dialog = page.getByRole("dialog");
      await expect(dialog).toBeVisible();
      const words = await dialog.innerText();
      mailServer.takeOnly(5);
      await expect(dialog).not.toHaveText(words, { useInnerText: true });
      await watch.check();
      await dialog.getByRole("button", { name: t("run-cancel-keep") }).click();
      await expect(dialog).toBeHidden();
      await person.link("run-cancel").click();
      await dialog.getByRole("button", { name: t("run-cancel-do") }).click();
      await expect(person.note("flash-run-cancelled")).toBeVisible();
      mailServer.takeAll();
      await expect(page.locator(".status", { hasText: t("run-state-cancelled") })).toBeVisible();
      await page.reload();
      await watch.check();
    });

    await test.step("those who were not reached get theirs", async () => {
      const sent = mailServer.taken.length;
      expect(sent).toBeLessThan(ALL);
      await expect(person.figure("run-sent")).toHaveText(String(sent));
      await person.button("again-missed", { n: ALL - sent }).click();
      await expect(person.note("flash-again-waiting", { n: ALL - sent })).toBeVisible();
      await expect(page.locator("h1 .status", { hasText: t("mailing-status-completed") })).toBeVisible();
      await page.reload();
      await expect(person.figure("run-sent")).toHaveText(String(ALL));
      await watch.check();
      expect(new Set(mailServer.taken).size).toBe(ALL);
      expect(mailServer.taken).toHaveLength(ALL);
    });
  });

  test("a run is cancelled when its mailing is disabled", async ({ page, person, watch, mailServer, t }) => {
    mailServer.takeOnly(FIRST);
    await person.hasAccount();
    const name = String(ALL);
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(ALL), name, false);
    await person.logIn();
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(ALL);
    await expect.poll(() => done(page)).toBe(FIRST);

    await person.more().click();
    await person.link("mailing-disable").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(t("mailing-disable-reason")).fill("<b>!</b>");
    // The page goes on behind the dialog and leaves alone what is typed there.
    mailServer.takeOnly(5);
    await expect.poll(() => done(page)).toBe(FIRST + 5);
    await expect(dialog.getByLabel(t("mailing-disable-reason"))).toHaveValue("<b>!</b>");
    await watch.check();
    await dialog.getByRole("button", { name: t("mailing-disable-do") }).click();
    await expect(person.note("flash-mailing-off")).toBeVisible();
    await expect(page.getByText(t("mailing-disabled-reason", { reason: "<b>!</b>" }))).toBeVisible();
    mailServer.takeAll();
    await expect(page.locator(".status", { hasText: t("run-state-cancelled") })).toBeVisible();
    expect(mailServer.taken.length).toBeLessThan(ALL);
    await expect(person.link("mailing-send-now")).toHaveCount(0);
    await watch.check();
    await person.open("/mailings");
    await expect(page.locator("tbody tr").first()).toContainText(t("mailing-disabled"));
    await person.open(`/mailings/${mailing}/review`);
    await expect(page.getByText(t("check-disabled"))).toBeVisible();
    await expect(person.button("review-send", { n: ALL })).toHaveCount(0);

    await person.open(`/mailings/${mailing}`);
    await person.button("mailing-enable").click();
    await expect(person.note("flash-mailing-on")).toBeVisible();
    await expect(person.link("mailing-send-now")).toBeVisible();
    await watch.check();
  });
});

test.describe("a mail server with a mind of its own", () => {
  test.use({ hasMailServer: true });

  test("what it refused is sent again, and what is of unknown fate after a warning", async ({
    page,
    person,
    watch,
    t,
    mailServer,
  }) => {
    // It refuses two, and hangs up after three letters without a word.
    const refused = (address: string) => /reader00[12]@/.test(address);
    const lost = (address: string) => /reader00[345]@/.test(address);
    mailServer.answers = (command, address) => {
      if (command === "RCPT" && refused(address)) return "550 5.1.1 <b>No such user</b>";
      return command === "DATA" && lost(address) ? undefined : "250 2.0.0 OK";
    };
    await person.hasAccount();
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(20), "20", false);
    await person.logIn();
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(20);
    await person.watchUntilSent();
    await expect(page.getByText(t("again-unknown-title", { n: 3 }))).toBeVisible();
    await person.link("run-attempts").first().click();
    await expect(page.locator("tbody tr").filter({ hasText: t("attempt-unknown") })).toHaveCount(3);
    await watch.check();

    mailServer.answers = () => "250 2.0.0 OK";
    await page.goto(`/mailings/${mailing}`);
    await person.button("again-failed", { n: 2 }).click();
    await expect(person.note("flash-again-waiting", { n: 2 })).toBeVisible();
    await expect(person.figure("run-sent")).toHaveText("17");

    await person.open("/runs/1/resend-unknown");
    await page.getByRole("link", { name: t("again-unknown-keep") }).click();
    await person.link("again-unknown", { n: 3 }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText(t("again-unknown-warn", { n: 3 }));
    await watch.check();
    await dialog.getByRole("button", { name: t("again-unknown", { n: 3 }) }).click();
    await expect(person.note("flash-again-waiting", { n: 3 })).toBeVisible();
    await expect(person.figure("run-sent")).toHaveText("20");
    await expect(page.getByRole("heading", { name: t("again-title") })).toHaveCount(0);
    expect(mailServer.taken.sort()).toEqual([...new Set(mailServer.taken)]);
    expect(mailServer.taken).toHaveLength(20);
    await person.open(`/mailings/${mailing}/review`);
    await expect(page.getByText(t("review-before-text", { n: 20 }))).toBeVisible();
  });

  test("it refuses the sender, so nobody's letter fails", async ({ page, person, watch, t, mailServer }) => {
    mailServer.answers = (command) =>
      command === "MAIL" ? "550 5.7.1 Sender address rejected" : "250 2.0.0 OK";
    await person.hasAccount();
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(5), "5", false);
    await person.logIn();
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(5);
    await expect(page.getByText(t("run-refused-title"))).toBeVisible();
    await expect(page.getByText("550 5.7.1 Sender address rejected")).toBeVisible();
    await watch.check();
    mailServer.answers = () => "250 2.0.0 OK";
    await page.reload();
    await person.button("run-resume").click();
    await expect(person.figure("run-sent")).toHaveText("5");
    await watch.check();
  });

  test("it says later to everything", async ({ page, person, watch, t, mailServer }) => {
    mailServer.answers = (command) => (command === "MAIL" ? "451 4.3.2 Busy, try later" : "250 2.0.0 OK");
    await person.hasAccount();
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(5), "5", false);
    await person.logIn();
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(5);
    await expect(page.getByText(t("outage-text-deferring"))).toBeVisible();
    await expect(page.getByRole("alert").getByText("451 4.3.2 Busy, try later")).toBeVisible();
    await watch.check();
  });
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false, hasMailServer: true });

  test("a run is paused, resumed and cancelled; its mailing disabled and enabled", async ({
    page,
    person,
    mailServer,
    t,
  }) => {
    mailServer.takeOnly(FIRST);
    await person.hasAccount();
    const name = String(ALL);
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(ALL), name, false);
    await page.goto("/login");
    await person.field("field-email").fill(person.email);
    await person.field("field-password").fill(person.password);
    await person.button("login-submit").click();
    await page.goto(`/mailings/${mailing}/review`);
    await person.button("review-send", { n: ALL }).click();
    await expect(person.button("run-undo")).toBeVisible();
    await person.undoTimeEnds();
    await expect(async () => {
      await page.reload();
      expect(await done(page)).toBe(FIRST);
    }).toPass();
    await person.button("run-pause").click();
    await expect(person.note("flash-run-paused")).toBeVisible();
    await person.button("run-resume").click();
    await expect(person.note("flash-run-resumed")).toBeVisible();
    await person.link("run-cancel").click();
    await expect(person.heading(t("run-cancel-title"))).toBeVisible();
    await person.button("run-cancel-do").click();
    await expect(person.note("flash-run-cancelled")).toBeVisible();
    await person.more().click();
    await person.link("mailing-disable").click();
    await page.getByLabel(t("mailing-disable-reason")).fill("1");
    await person.button("mailing-disable-do").click();
    await expect(page.getByText(t("mailing-disabled-reason", { reason: "1" }))).toBeVisible();
    await person.button("mailing-enable").click();
    await expect(person.note("flash-mailing-on")).toBeVisible();
  });
});
