// The contacts page: written on by strangers, with scripts and without, read and answered in the inbox.
import type { Product } from "../support/app";
import { LOOK, type Person } from "../support/person";
import { expect, test } from "../support/test";

/** Fills the form in as slowly as a fast person. */
async function writes(person: Person, app: Product, subject: string, text: string): Promise<void> {
  await person.page.goto("/contacts");
  await person.field("contacts-name").fill(person.name);
  await person.field("contacts-email").fill("vera@example.org");
  await person.field("contacts-subject").fill(subject);
  await person.field("contacts-text").fill(text);
  await app.passTime(4);
  await person.button("contacts-send").click();
  await expect(person.heading(person.words("contacts-sent-title"))).toBeVisible();
}

test("a stranger writes, an administrator answers, the stranger reads it", async ({
  app,
  person,
  another,
  watch,
  t,
}) => {
  const chief = await another("irina@example.org", { ru: "Ирина", en: "Irene" });
  await chief.hasAccountOf("admin");
  await person.open("/contacts");
  // Too fast: asked once more, with all that was typed.
  watch.expect(422);
  await person.field("contacts-name").fill(person.name);
  await person.field("contacts-email").fill("vera@example.org");
  await person.field("contacts-subject").fill("?");
  await person.field("contacts-text").fill("?");
  // However long the browser took.
  await app.passTime(-60);
  await person.button("contacts-send").click();
  await expect(person.page.locator("#form-errors")).toContainText(t("problem-feedback-hasty"));
  await expect(person.field("contacts-email")).toHaveValue("vera@example.org");
  await app.passTime(60);
  await watch.check();

  await writes(person, app, "Счёт <b>№ 5</b>", "Где он?\n<img src=x onerror=alert(1)>");
  await watch.check();

  await chief.logIn();
  await chief.goTo("manage-feedback");
  await chief.page.locator("a.row-link").click();
  await expect(chief.heading("Счёт <b>№ 5</b>")).toBeVisible();
  await expect(chief.page.locator("main")).toContainText("<img src=x onerror=alert(1)>");
  await chief.watch.check();
  await chief.field("feedback-answer").fill("Вот он: на странице отчётов.");
  await chief.button("feedback-answer-send").click();
  await expect(chief.note("flash-feedback-answered")).toBeVisible();
  await expect(async () => {
    await chief.page.reload();
    await expect(chief.page.locator("main")).toContainText(t("feedback-letter-sent"), { timeout: LOOK });
  }).toPass();
  await chief.watch.check();

  // A copy for whoever reads the inbox, and the answer.
  await chief.open("/caught");
  await expect(chief.page.locator("tbody tr")).toHaveCount(2);
  await chief.page.locator("tbody a.row-link").filter({ hasText: /^Re: / }).click();
  await expect(chief.page.locator("main pre")).toContainText("Вот он: на странице отчётов.");
  await expect(chief.page.locator("main pre")).toContainText("> Где он?");

  await chief.open("/manage/feedback/1");
  await chief.button("feedback-mark-spam").click();
  await chief.open("/manage/feedback?state=spam");
  await chief.page.locator("a.row-link").click();
  await chief.link("feedback-delete").click();
  await chief.watch.check();
  await chief.button("feedback-delete").click();
  await expect(chief.note("flash-feedback-deleted")).toBeVisible();
});

test("what the caches hold is seen and made anew", async ({ person }) => {
  await person.hasAccountOf("admin");
  // Not through the browser, which keeps the page for a moment, too.
  await person.page.request.get("/blog");
  await person.page.request.get("/blog");
  await person.logIn();
  await person.goTo("manage-caches");
  const articles = person.page.getByRole("row").filter({ hasText: person.words("cache-articles") });
  await expect(articles).toContainText("50");
  await articles.getByRole("button").click();
  await expect(person.note("flash-cache-forgotten")).toBeVisible();
  await person.watch.check();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("a stranger writes", async ({ person, app }) => {
    await writes(person, app, "Счёт", "Где он?");
  });
});
