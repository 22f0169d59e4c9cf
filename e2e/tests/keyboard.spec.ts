// Without a mouse.
import { expect, test } from "../support/test";

test("logging in by keyboard alone", async ({ page, person, t }) => {
  await person.hasAccount();
  await person.open("/login");
  await page.keyboard.press("Tab");
  const skip = page.getByRole("link", { name: t("skip-to-content") });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page.locator("#main")).toBeFocused();

  await page.keyboard.press("Tab");
  await expect(person.field("field-email")).toBeFocused();
  await page.keyboard.type(person.email);
  await page.keyboard.press("Tab");
  await expect(person.field("field-password")).toBeFocused();
  await page.keyboard.type(person.password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/dashboard$/);
});

test("what has the focus can be seen", async ({ page, person }) => {
  await person.hasAccount();
  await person.logIn();
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press("Tab");
    const outline = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement ?? document.body);
      return {
        outline: style.outlineStyle,
        shadow: style.boxShadow,
        element: document.activeElement?.outerHTML,
      };
    });
    expect(outline.outline !== "none" || outline.shadow !== "none", outline.element).toBe(true);
  }
});

test("a dialog is left with Escape and gives the focus back", async ({ page, person, watch }) => {
  await person.hasAccount();
  await person.hasMailing(await person.hasRecipientsAndMessage(1), "1", false);
  await person.logIn();
  await page.goto("/mailings");
  await page.getByRole("link", { name: "1", exact: true }).click();
  const trigger = person.more();
  await trigger.focus();
  await page.keyboard.press("Enter");
  await person.link("mailing-delete").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await watch.check();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await expect(trigger).toBeFocused();
});
