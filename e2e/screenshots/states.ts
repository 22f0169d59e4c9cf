// A mailing's page in each of its states.
import path from "node:path";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

test.use({ hasMailServer: true, undoDelay: "1s", settings: { VESTNIK_SMTP_RATE: "20/s" } });

test("states", async ({ page, person, mailServer, t }, info) => {
  const shoot = async (name: string) => {
    await page.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: path.join(folder, info.project.name, `${name}.png`), fullPage: true });
  };
  const wait = (state: string) =>
    page
      .locator("main .status", { hasText: t(`run-state-${state}`) })
      .first()
      .waitFor();
  mailServer.answers = (command, address) => {
    if (command === "RCPT" && /reader0[01][28]@/.test(address)) return "550 5.1.1 No such user here";
    return command === "DATA" && /reader01[45]@/.test(address) ? undefined : "250 2.0.0 OK";
  };
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(200);
  const russian = person.language === "ru";
  const mailing = await person.hasMailing(message, russian ? "Осеннее меню" : "Autumn menu", false);
  await person.logIn();
  await page.goto(`/mailings/${mailing}`);
  await shoot("1-new");
  await page.goto(`/mailings/${mailing}/review`);
  await person.sendNow(200);
  await wait("sending");
  await page.waitForTimeout(2_500);
  await shoot("2-sending");
  await person.link("run-cancel").click();
  await shoot("3-cancel");
  await page.keyboard.press("Escape");
  await person.button("run-pause").click();
  await page.waitForTimeout(1_500);
  await page.reload();
  await shoot("4-paused");
  await page.goto("/dashboard");
  await shoot("5-dashboard");
  await page.goto(`/mailings/${mailing}`);
  await person.button("run-resume").click();
  await page.waitForTimeout(1_000);
  await person.link("run-cancel").click();
  await person.button("run-cancel-do").click();
  await wait("cancelled");
  await page.reload();
  await shoot("6-cancelled");
  await page.locator("[data-dialog^=resend]").click();
  await shoot("7-resend");
  await page.keyboard.press("Escape");
  await page.goto(`/mailings/${mailing}/attempts`);
  await shoot("8-attempts");
  await page.goto(`/mailings/${mailing}/review`);
  await shoot("9-review");
  await page.goto(`/mailings/${mailing}`);
  await person.more().click();
  await shoot("10-menu");
  await person.link("mailing-disable").click();
  await shoot("11-disable");
  await page
    .getByRole("dialog")
    .getByRole("textbox")
    .fill(russian ? "Ждём новых цен" : "New prices first");
  await person.button("mailing-disable-do").click();
  await page.waitForLoadState();
  await shoot("12-disabled");
  await page.goto("/mailings");
  await shoot("13-list");
  await page.goto(`/mailings/${mailing}/edit`);
  await page.locator("details.more > summary").click();
  await shoot("14-form");
  await page.goto(`/mailings/${mailing}`);
  await person.button("mailing-enable").click();
  mailServer.answers = (command) =>
    command === "MAIL" ? "550 5.7.1 <vestnik@localhost>: Sender address rejected" : "250 2.0.0 OK";
  await page.goto(`/mailings/${mailing}/review`);
  await person.sendNow(200);
  await page.getByText(t("run-refused-title")).waitFor();
  await shoot("15-refused");
  mailServer.answers = (command) => (command === "MAIL" ? "451 4.3.2 Busy, try later" : "250 2.0.0 OK");
  await page.reload();
  await person.button("run-resume").click();
  await page.getByText(t("outage-text-deferring")).waitFor();
  await shoot("16-later");
});
