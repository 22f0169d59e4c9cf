// Wrong input: each mistake is named at its place, nothing typed is lost, nothing is stored or sent.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test";

/** Lets forms through that the browser itself would hold back, to hear what the server says. */
async function withoutTheBrowsersChecks(page: Page): Promise<void> {
  await page.evaluate(() => document.querySelectorAll("form").forEach((form) => (form.noValidate = true)));
}

test("a registration with a wrong address and a short password", async ({ page, person, watch, t }) => {
  watch.expect(422);
  await person.open("/register");
  await withoutTheBrowsersChecks(page);
  await person.field("field-email").fill("olga@mail");
  await person.field("field-name").fill("Ольга");
  await person.field("field-password").fill("short");
  await person.button("register-submit").click();
  await expect(page.locator("#email-error")).toHaveText(t("address-no-dot"));
  await expect(page.locator("#password-error")).toHaveText(t("problem-password-short", { shortest: 10 }));
  await expect(person.field("field-email")).toHaveValue("olga@mail");
  await expect(person.field("field-name")).toHaveValue("Ольга");
  await expect(person.field("field-password")).toHaveValue("");
  await expect(page.getByRole("alert"), "the summary is where reading goes on").toBeFocused();
  await watch.check();
});

test("a confirmation link asks for the password, and works once", async ({ page, person, watch, t }) => {
  watch.expect(410);
  watch.expect(422);
  await person.register();
  await person.openLetter(person.email);
  const link = await person.followLink("/confirm/");
  await person.field("field-password").fill("not the password");
  await person.button("confirm-submit").click();
  await expect(page.locator("#password-error")).toHaveText(t("problem-password-wrong"));
  await watch.check();
  await person.field("field-password").fill(person.password);
  await person.button("confirm-submit").click();
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(person.note("flash-confirmed")).toBeVisible();
  await watch.check();
  await page.goto(link);
  await expect(person.heading(t("confirm-gone-title"))).toBeVisible();
  await watch.check();
});

test("a login with a wrong password", async ({ page, person, watch, t }) => {
  watch.expect(422);
  await person.hasAccount();
  await person.open("/login");
  await person.field("field-email").fill(person.email);
  await person.field("field-password").fill("not the password");
  await person.button("login-submit").click();
  await expect(page.getByRole("alert")).toContainText(t("problem-login-wrong"));
  await expect(person.field("field-email")).toHaveValue(person.email);
  await watch.check();
});

test("a forgotten password", async ({ page, person, watch, t }) => {
  watch.expect(410);
  await person.hasAccount();
  await person.open("/login");
  await person.link("login-forgot").click();
  await person.field("field-email").fill(person.email);
  await person.button("recover-submit").click();
  await expect(person.heading(t("recover-sent-title"))).toBeVisible();
  await watch.check();
  await person.openLetter(person.email);
  const link = await person.followLink("/recover/");
  await person.field("settings-password-new").fill("another horse battery");
  await person.button("recover-new-submit").click();
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(person.note("flash-password-changed")).toBeVisible();
  await page.goto(link);
  await expect(person.heading(t("recover-gone-title"))).toBeVisible();
  await watch.check();
});

test("a mailing that ends before it starts, for nobody", async ({ page, person, watch, t }) => {
  watch.expect(422);
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(2);
  await person.logIn();
  const year = new Date().getFullYear() + 1;
  await page.goto(`/mailings/new?message=${message}`);
  await person.field("mailing-name").fill("Спешка");
  await page.getByLabel(t("audience-choose")).check();
  await page.getByLabel(t("when-planned")).check();
  await person.field("mailing-starts").fill(`${year}-05-02T10:00`);
  await person.field("mailing-ends").fill(`${year}-05-01T10:00`);
  await withoutTheBrowsersChecks(page);
  await person.button("mailing-save").click();
  await expect(page.locator("#ends_at-error")).toHaveText(t("problem-end-before-start"));
  await expect(page.locator("#audience-error")).toHaveText(t("problem-nobody-chosen"));
  await expect(person.field("mailing-name")).toHaveValue("Спешка");
  await expect(person.field("mailing-starts")).toHaveValue(`${year}-05-02T10:00`);
  await expect(person.field("mailing-ends")).toHaveValue(`${year}-05-01T10:00`);
  await watch.check();
  // Leaving asks, because what was typed is not saved.
  page.once("dialog", (dialog) => void dialog.accept());
  await page.goto("/mailings");
  await expect(page.locator("tbody tr")).toHaveCount(0);
});

test("a message with a mistake in its template", async ({ page, person, watch }) => {
  watch.expect(422);
  await person.hasAccount();
  await person.logIn();
  await person.open("/messages/new");
  await person.field("message-subject").fill("{{ recipient.full_name }}");
  await person.field("message-html").fill("<p>1</p>\n<p>{{ recipient.nickname }}</p>");
  await person.button("message-create").click();
  await expect(page.locator("#html-error")).toContainText(/ 2/);
  await expect(person.field("message-html")).toHaveValue("<p>1</p>\n<p>{{ recipient.nickname }}</p>");
  await watch.check();
});

test("a file without a header", async ({ page, person, watch, t }) => {
  await person.hasAccount();
  await person.logIn();
  await page.goto("/recipients/import");
  const buffer = Buffer.from("anna@example.com,Anna\r\nboris@example.com,Boris\r\n");
  await page.locator("input[type=file]").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer });
  await person.button("import-submit").click();
  await expect(page.getByRole("alert")).toContainText(t("import-failed"));
  await watch.check();
  await page.goto("/recipients");
  await expect(page.getByRole("heading", { name: t("recipients-empty-title") })).toBeVisible();
});

test("an address that is in the list already", async ({ page, person, watch, t }) => {
  watch.expect(422);
  await person.hasAccount();
  await person.hasRecipientsAndMessage(1);
  await person.logIn();
  await person.open("/recipients/new");
  await person.field("recipients-column-email").fill("Reader001@example.com");
  await person.field("recipients-column-comment").fill("ещё раз");
  await person.button("recipient-create").click();
  await expect(page.locator("#email-error")).toHaveText(t("problem-recipient-taken"));
  await expect(person.field("recipients-column-comment")).toHaveValue("ещё раз");
  await watch.check();
});

test("pages that are not there, or another's", async ({ page, person, watch, t }) => {
  watch.expect(404);
  await person.hasAccount();
  const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(1), "1", false);
  for (const signedIn of [false, true]) {
    if (signedIn) {
      await person.hasAccount("other@example.org");
      await person.logIn("other@example.org");
    }
    await page.goto("/no-such-page");
    await expect(person.heading(t("error-404-title"))).toBeVisible();
    await watch.check();
  }
  await page.goto(`/mailings/${mailing}`);
  await expect(person.heading(t("error-404-title"))).toBeVisible();
});
