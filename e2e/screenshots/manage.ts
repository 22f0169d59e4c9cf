// The pages of those who watch over others and of those who run the installation.
import path from "node:path";
import { managePages } from "../support/pages";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

/** Long lists are cut off. */
const TALLEST = 2400;

test("manage", async ({ person, another }, info) => {
  const chief = await another("irina@example.org", { ru: "Ирина Воскресенская", en: "Irene Holloway" });
  const { page } = chief;
  const shoot = async (name: string) => {
    await page.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    const { width, height } = await page.evaluate(() => ({
      width: innerWidth,
      height: document.documentElement.scrollHeight,
    }));
    const clip = { x: 0, y: 0, width, height: Math.min(height, TALLEST) };
    const file = path.join(folder, info.project.name, `manage-${name}.png`);
    await page.screenshot({ path: file, fullPage: true, clip });
  };
  await chief.hasAccountOf("admin");
  await chief.logIn();
  for (const [name, address] of Object.entries(await managePages(person, chief))) {
    await page.goto(address);
    await shoot(name);
  }
  await page.goto("/manage/users");
  const more = page.locator(".bottombar-more > summary");
  if (await more.isVisible()) {
    await more.click();
    await page.screenshot({ path: path.join(folder, info.project.name, "manage-more.png") });
  }
});
