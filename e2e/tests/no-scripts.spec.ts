// Pages without JavaScript: everything but live progress works.
import { LOOK } from "../support/person";
import { expect, test } from "../support/test";

test.use({ javaScriptEnabled: false });

test("register, log in, create a recipient, write, send", async ({ page, person, t, language }) => {
  await page.goto("/register");
  await person.field("field-email").fill(person.email);
  await person.field("field-name").fill(person.name);
  await person.field("field-password").fill(person.password);
  await person.field("field-time-zone").selectOption("Europe/Moscow");
  await person.button("register-submit").click();
  await expect(person.heading(t("register-sent-title"))).toBeVisible();

  await page.goto("/login");
  await person.field("field-email").fill(person.email);
  await person.field("field-password").fill(person.password);
  await person.button("login-submit").click();
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(async () => {
    await page.goto("/caught");
    await expect(page.locator("tbody tr")).toHaveCount(1, { timeout: LOOK });
  }).toPass();
  await page.locator("tbody tr a.row-link").click();
  const link = /http:\/\/\S+\/confirm\/\S+/.exec(await page.locator("main pre").innerText())?.[0];
  await page.goto(link ?? "");
  await person.button("confirm-submit").click();
  await expect(page).toHaveURL(/\/dashboard$/);

  await page.goto("/recipients");
  await person.link("recipients-add-one").click();
  await person.field("recipients-column-email").fill("anna@example.com");
  await person.field("recipients-column-full-name").fill("Анна");
  await person.button("recipient-create").click();
  await expect(person.note("flash-recipient-added", { email: "anna@example.com" })).toBeVisible();

  await page.goto("/messages/new");
  await person.field("message-subject").fill("Привет");
  await person.field("message-html").fill("<p>{{ recipient.full_name }}</p>");
  await person.button("message-create").click();
  await person.link("message-mail").click();
  await person.button("mailing-save").click();
  await person.button("review-send", { n: 1 }).click();
  await expect(person.button("run-undo")).toBeVisible();
  await person.undoTimeEnds();
  await expect(async () => {
    await page.reload();
    await expect(person.figure("run-sent")).toHaveText("1", { timeout: LOOK });
  }).toPass();

  // Deleting asks on a page of its own instead of a dialog.
  await person.more().click();
  await person.link("mailing-delete").click();
  await expect(page).toHaveURL(/\/delete$/);
  await person.button("mailing-delete-do").click();
  await expect(page.getByRole("heading", { name: t("mailings-empty-title") })).toBeVisible();

  await page.goto("/settings");
  const other = language === "ru" ? "en" : "ru";
  await page.locator(`button[name=language][value=${other}]`).click();
  await expect(page.locator("html")).toHaveAttribute("lang", other);
});
