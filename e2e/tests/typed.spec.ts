// What was typed is not lost: two tabs, an ended session, a way back.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test";
import type { Person } from "../support/person";

/** Ends the session of a browser behind its back, as time does. */
async function sessionEnds(page: Page): Promise<void> {
  const cookies = await page.context().cookies();
  await page.context().clearCookies({ name: /session/ });
  expect(cookies.some((cookie) => cookie.name.includes("session"))).toBe(true);
}

async function givePassword(person: Person): Promise<void> {
  await person.field("field-email").fill(person.email);
  await person.field("field-password").fill(person.password);
  await person.button("login-submit").click();
}

/** Leaves a form that has changes, as someone who does not mind. */
async function leave(page: Page, go: () => Promise<unknown>): Promise<void> {
  page.once("dialog", (dialog) => void dialog.accept());
  await go();
}

test("two tabs on a message: both texts are seen, neither is lost", async ({ page, person, watch, t }) => {
  watch.expect(409);
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(1);
  await person.logIn();
  await person.open(`/messages/${message}/edit`);
  const other = await page.context().newPage();
  await other.goto(`/messages/${message}/edit`);
  await other.getByLabel(t("message-subject"), { exact: true }).fill("Из другой вкладки");
  await other.getByRole("button", { name: t("message-save"), exact: true }).click();
  await expect(other).toHaveURL(new RegExp(`/messages/${message}$`));

  await person.field("message-subject").fill("Из этой вкладки");
  await person.button("message-save").click();
  const conflict = page.locator("#conflict");
  await expect(conflict).toBeFocused();
  await expect(conflict).toContainText("Из другой вкладки");
  await expect(conflict).toContainText("Из этой вкладки");
  await expect(conflict.locator("mark").first()).toBeVisible();
  await expect(person.field("message-subject")).toHaveValue("Из этой вкладки");
  await watch.check();
  await person.button("conflict-save").click();
  await expect(person.note("flash-message-saved")).toBeVisible();

  // The other way round: what was saved stays, and what was typed is given up.
  await other.goto(`/messages/${message}/edit`);
  await page.goto(`/messages/${message}/edit`);
  await other.getByLabel(t("message-subject"), { exact: true }).fill("Остаётся");
  await other.getByRole("button", { name: t("message-save"), exact: true }).click();
  await expect(other).toHaveURL(new RegExp(`/messages/${message}$`));
  await person.field("message-subject").fill("Уходит");
  await person.button("message-save").click();
  await person.link("conflict-keep").click();
  await expect(person.field("message-subject")).toHaveValue("Остаётся");
  await expect(page.locator("[data-draft-offer]"), "nothing is offered").toBeHidden();
  await other.close();
});

test("the session ends while a message is written", async ({ page, person, watch, t }) => {
  await person.hasAccount();
  await person.logIn();
  await person.open("/messages/new");
  await person.field("message-subject").fill("Осеннее меню");
  await person.field("message-html").fill("<p>Тыквенный латте</p>\n<p>{{ recipient.full_name }}</p>");
  await sessionEnds(page);
  await person.button("message-create").click();
  await expect(person.heading(t("login-title"))).toBeVisible();
  await expect(person.note("flash-form-kept")).toBeVisible();
  await watch.check();
  await givePassword(person);
  await expect(page.getByText(t("typed-restored-title"))).toBeVisible();
  await expect(person.field("message-subject")).toHaveValue("Осеннее меню");
  await expect(person.field("message-html")).toHaveValue(
    "<p>Тыквенный латте</p>\n<p>{{ recipient.full_name }}</p>",
  );
  await expect(page.locator("[data-draft-offer]"), "the form has it already").toBeHidden();
  await watch.check();
  await person.button("message-create").click();
  await expect(person.note("flash-message-saved")).toBeVisible();
  await page.goto("/messages/new");
  await expect(person.field("message-subject")).toHaveValue("");
  await expect(page.locator("[data-draft-offer]"), "what was saved is offered no more").toBeHidden();
});

test("leaving a message and coming back", async ({ page, person, watch }) => {
  await person.hasAccount();
  await person.logIn();
  await person.open("/messages/new");
  await person.field("message-subject").fill("Осеннее меню");
  await person.field("message-text").fill("Кофе");
  await leave(page, () => page.goto("/messages"));
  await page.goBack();
  // Whether the browser has kept the page or not, the text is there or offered.
  const offer = page.locator("[data-draft-offer]");
  await expect(async () => {
    if (await offer.isVisible()) await person.button("typed-draft-restore").click();
    await expect(person.field("message-subject")).toHaveValue("Осеннее меню", { timeout: 500 });
  }).toPass();
  await leave(page, () => page.goto("/messages/new"));
  await expect(offer).toBeVisible();
  await watch.check();
  await person.button("typed-draft-restore").click();
  await expect(person.field("message-text")).toHaveValue("Кофе");
  await expect(offer).toBeHidden();
  await leave(page, () => page.goto("/messages/new"));
  await person.button("typed-draft-discard").click();
  await page.goto("/messages/new");
  await expect(person.field("message-subject")).toHaveValue("");
  await expect(offer).toBeHidden();

  // Whoever signs out leaves nothing behind for others at this browser.
  await person.field("message-subject").fill("Тайна");
  await expect
    .poll(() =>
      page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("draft:")).length),
    )
    .toBe(1);
  await leave(page, () => page.goto("/messages"));
  await person.logOut();
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain("Тайна");
});
