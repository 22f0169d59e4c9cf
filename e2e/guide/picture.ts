// Takes pictures for the guide: small files, in the folder of their language.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Page } from "@playwright/test";

const guide = path.resolve(import.meta.dirname, "../../docs/guide");
/** Bytes that a picture may have. scripts/check-docs has the same limit. */
const LARGEST = 80_000;
/** Taller pages are cut off. */
const TALLEST = 1000;

export interface Cut {
  /** Pixels of the page's height that are of interest; all of it by default. */
  height?: number;
  /** The page changes all the time. */
  moving?: boolean;
}

/** Takes the page as it is. Notes that vanish by themselves are left out: they come in one picture and not in the next. */
export async function picture(page: Page, language: string, name: string, cut: Cut = {}): Promise<void> {
  await page.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
  const height = await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    scrollTo(0, 0);
    return document.documentElement.scrollHeight;
  });
  // A window as large as the picture: one that grows for the moment of the picture may show a page that is halfway there.
  const window = page.viewportSize() ?? { width: 1200, height: 760 };
  await page.setViewportSize({ width: window.width, height: cut.height ?? Math.min(height, TALLEST) });
  const png = cut.moving ? await page.screenshot() : await atRest(page);
  await page.setViewportSize(window);
  const webp = await smaller(page, png);
  if (webp.length > LARGEST) throw new Error(`${name} has ${webp.length} bytes`);
  await writeFile(path.join(guide, language, "images", `${name}.webp`), webp);
}

/** On a busy machine a page may still be on its way to what it will look like: it is at rest when two pictures are alike. */
async function atRest(page: Page): Promise<Buffer> {
  await page.evaluate(() => document.fonts.ready);
  let png = await page.screenshot();
  for (let turn = 0; turn < 10; turn++) {
    const before = png;
    await setTimeout(100);
    png = await page.screenshot();
    if (png.equals(before)) return png;
  }
  throw new Error(`${page.url()} does not come to rest`);
}

/** The picture as WebP, without loss where that is no larger. The browser can do that, so that no library has to. */
async function smaller(page: Page, png: Buffer): Promise<Buffer> {
  const blank = await page.context().newPage();
  const encoded = await blank.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: image.width, height: image.height });
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    const kinds = [1, 0.9].map((quality) => canvas.toDataURL("image/webp", quality));
    return kinds.reduce((best, kind) => (kind.length < best.length ? kind : best));
  }, png.toString("base64"));
  await blank.close();
  return Buffer.from(encoded.split(",")[1] ?? "", "base64");
}
