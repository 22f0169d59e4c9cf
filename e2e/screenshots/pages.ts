import path from "node:path";
import { mainPages } from "../support/pages";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

/** Long lists are cut off. */
const TALLEST = 2400;

test.use({ undoDelay: "30s" });

test("pictures", async ({ page, person }, info) => {
  const take = async (name: string, address: string) => {
    await page.goto(address);
    // A frame with a letter comes after the page.
    await page.waitForLoadState("networkidle", { timeout: 1_000 }).catch(() => {});
    await shoot(name);
  };
  const shoot = async (name: string) => {
    const { width, height } = await page.evaluate(() => ({
      width: innerWidth,
      height: document.documentElement.scrollHeight,
    }));
    const clip = { x: 0, y: 0, width, height: Math.min(height, TALLEST) };
    await page.screenshot({
      path: path.join(folder, info.project.name, `${name}.png`),
      fullPage: true,
      clip,
    });
  };
  const pages = await mainPages(person);
  for (const [name, address] of Object.entries(pages.visitor)) await take(name, address);
  await person.logIn();
  for (const [name, address] of Object.entries(pages.user)) await take(name, address);
  // The half minute in which sending can be undone.
  await page.goto(pages.user["review"] ?? "");
  await person.sendNow(50);
  await shoot("undo");
});
