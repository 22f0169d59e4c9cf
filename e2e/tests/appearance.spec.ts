// All main pages in the dark, and the switches of language and theme.
import { mainPages, managePages } from "../support/pages";
import { expect, test } from "../support/test";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme}`, () => {
    test.use({ colorScheme });

    test("all main pages", async ({ page, person }) => {
      const pages = await mainPages(person);
      for (const path of Object.values(pages.visitor)) await person.open(path);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(paper).toBe(colorScheme === "dark" ? "rgb(17, 22, 30)" : "rgb(250, 248, 244)");
      await person.logIn();
      for (const path of Object.values(pages.user)) await person.open(path);
    });

    test("all pages of those who watch over others", async ({ person, another }) => {
      const chief = await another("irina@example.org", { ru: "Ирина", en: "Irene" });
      await chief.hasAccountOf("admin");
      await chief.logIn();
      for (const path of Object.values(await managePages(person, chief))) await chief.open(path);
    });
  });
}

test("language and theme are switched on the spot and kept", async ({ page, person, watch, language }) => {
  await person.hasAccount();
  await person.logIn();
  const html = page.locator("html");
  const told = page.waitForResponse((response) => response.url().endsWith("/theme"));
  await page.locator(".topbar button[name=theme][value=dark]").click();
  await expect(html).toHaveAttribute("data-bs-theme", "dark");
  await told;
  await page.reload();
  await expect(html).toHaveAttribute("data-bs-theme", "dark");
  const other = language === "ru" ? "en" : "ru";
  await page.locator(`.topbar button[name=language][value=${other}]`).click();
  await expect(html).toHaveAttribute("lang", other);
  await expect(page).toHaveURL(/\/dashboard$/);
  await watch.check();
});
