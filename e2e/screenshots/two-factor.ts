// The settings' security and the second factor, from the first page to the last.
import path from "node:path";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

test("two-factor", async ({ page, person, another, watch, t }, info) => {
  watch.expect(422);
  const shoot = async (name: string, who = page) => {
    await who.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    await who.evaluate(() => scrollTo(0, 0));
    await who.screenshot({
      path: path.join(folder, info.project.name, `factor-${name}.png`),
      fullPage: true,
    });
  };
  await person.hasAccount();
  await person.logIn();
  await page.goto("/settings");
  await shoot("01-profile");
  await page.goto("/settings/security");
  await shoot("02-off");
  await page.goto("/settings/two-factor");
  await shoot("03-password");
  await person.field("settings-password-current").fill(person.password);
  await person.button("factor-ask-start-submit").click();
  await person.heading(t("factor-app-title")).waitFor();
  await shoot("04-app");
  await person.field("field-code").fill("000000");
  await person.button("factor-app-submit").click();
  await page.locator("#code-error").waitFor();
  await shoot("05-app-wrong");
  const { codes } = await person.setUpTwoFactor();
  await shoot("06-codes");
  await page.emulateMedia({ media: "print" });
  await shoot("07-codes-printed");
  await page.emulateMedia({ media: "screen" });
  await page.goto("/settings/security");
  await shoot("08-on");
  await page.goto("/settings/two-factor/off");
  await shoot("09-off-ask");
  await page.goto("/settings/two-factor");
  await shoot("10-move");
  await page.goto("/settings/two-factor/codes");
  await shoot("11-codes-ask");
  await person.logOut();
  await person.givePassword();
  await person.heading(t("login-code-title")).waitFor();
  await shoot("12-login");
  await person.field("field-code").fill("000000");
  await person.button("login-submit").click();
  await page.locator("#code-error").waitFor();
  await shoot("13-login-wrong");
  await person.link("login-code-recovery").click();
  await shoot("14-login-recovery");
  await person.field("field-recovery-code").fill(codes[0] ?? "");
  await person.button("login-submit").click();
  await page.locator("[data-note]").waitFor();
  await page.screenshot({ path: path.join(folder, info.project.name, "factor-15-recovered.png") });
  for (const code of codes.slice(1, 9)) {
    await person.logOut();
    await person.givePassword();
    await person.field("field-code").fill(code);
    await person.button("login-submit").click();
    await page.waitForURL("**/dashboard");
  }
  await page.goto("/settings/security");
  await shoot("16-codes-few");
  await person.open("/caught/1");
  await shoot("17-letter");
  const chief = await another("irina@example.org", { ru: "Ирина Воскресенская", en: "Irene Holloway" });
  await chief.hasAccountOf("admin");
  await chief.logIn();
  await chief.open("/manage/users/1");
  await shoot("18-manage", chief.page);
  await chief.open("/manage/users/1/second-factor");
  await shoot("19-manage-ask", chief.page);
  await chief.open("/manage/audit");
  await shoot("20-audit", chief.page);
});
