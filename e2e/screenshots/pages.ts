import path from "node:path";
import { mainPages } from "../support/pages";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

test("pictures", async ({ page, person }, info) => {
  const take = async (name: string, address: string) => {
    await page.goto(address);
    // A frame with a letter comes after the page.
    await page.waitForLoadState("networkidle", { timeout: 1_000 }).catch(() => {});
    await page.screenshot({ path: path.join(folder, info.project.name, `${name}.png`), fullPage: true });
  };
  const pages = await mainPages(person);
  for (const [name, address] of Object.entries(pages.visitor)) await take(name, address);
  await person.logIn();
  for (const [name, address] of Object.entries(pages.user)) await take(name, address);
});
