// A person's own account: another address, deletion; and a password that is too weak.
import path from "node:path";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

test.use({ undoDelay: "60s" });

test("account", async ({ page, person, another, watch, t }, info) => {
  watch.expect(422);
  watch.expect(410);
  const shoot = async (name: string, who = page) => {
    await who.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    await who.evaluate(() => scrollTo(0, 0));
    await who.screenshot({
      path: path.join(folder, info.project.name, `account-${name}.png`),
      fullPage: true,
    });
  };
  await page.goto("/register");
  await person.field("field-email").fill(person.email);
  await person.field("field-name").fill(person.name);
  await person.field("field-password").fill("irjkflrf77");
  await person.button("register-submit").click();
  await page.locator("#password-error").waitFor();
  await shoot("01-weak-password");

  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(50);
  const russian = person.language === "ru";
  const mailing = await person.hasMailing(message, russian ? "Осеннее меню" : "Autumn menu", true);
  await person.logIn();
  await page.goto("/settings/account");
  await shoot("02-account");
  await person
    .field("account-address-new")
    .fill("konstantinopolskaya.anastasia@marketing-department.example.com");
  await person.field("settings-password-current").fill("not the password");
  await person.button("account-address-submit").click();
  await page.locator("#current-error").waitFor();
  await shoot("03-wrong");
  await person.field("settings-password-current").fill(person.password);
  await person.button("account-address-submit").click();
  await page.locator(".alert-info").waitFor();
  await page.screenshot({ path: path.join(folder, info.project.name, "account-04-asked.png") });
  await shoot("05-wanted");
  await person.openLetter("konstantinopolskaya");
  await shoot("06-letter");
  await person.followLink("/confirm/address/");
  await shoot("07-confirm");
  await page.goto("/confirm/address/none");
  await shoot("08-gone");
  await page.goto(`/mailings/${mailing}/review`);
  await person.sendNow(50);
  await page.goto("/settings/account/delete");
  await shoot("09-leave");
  await person.field("leave-email").fill("someone@example.org");
  await person.field("settings-password-current").fill("not the password");
  await person.button("leave-submit").click();
  await page.locator("#email-error").waitFor();
  await shoot("10-leave-wrong");
  await page.goto("/goodbye");
  await shoot("11-goodbye-signed-in");
  const chief = await another("irina@example.org", { ru: "Ирина Воскресенская", en: "Irene Holloway" });
  await chief.hasAccountOf("admin");
  await chief.logIn();
  await chief.open("/settings/account/delete");
  await shoot("12-last-administrator", chief.page);
  await page.goto("/settings/account/delete");
  await person.field("leave-email").fill(person.email);
  await person.field("settings-password-current").fill(person.password);
  await person.button("leave-submit").click();
  await person.heading(t("goodbye-title")).waitFor();
  await shoot("13-goodbye");
  await chief.open("/manage/audit");
  await shoot("14-audit", chief.page);
});
