// The first page and the blog: as strangers read it, and as it is written.
import path from "node:path";
import type { Page } from "@playwright/test";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

const ARTICLES = {
  ru: [
    [
      "Осеннее меню: что нового?",
      "Тыквенный латте вернулся, а с ним и корица. Рассказываем, что ещё появится в октябре.",
    ],
    ["Как мы пишем письма, которые дочитывают до конца", ""],
    [
      "Вторая кофейня открывается на Большой Никитской улице: приходите на дегустацию и лекцию об обжарке",
      "Начало в семь вечера.",
    ],
    ["Зерно из Эфиопии", "Откуда берётся вкус."],
    ["О скидках по вторникам", ""],
  ],
  en: [
    [
      "The autumn menu: what’s new?",
      "The pumpkin latte is back, and cinnamon with it. Here is what else comes in October.",
    ],
    ["How we write letters that people read to the end", ""],
    [
      "A second coffee house opens in Nikitskaya Street: come for a tasting and a talk about roasting",
      "It begins at seven.",
    ],
    ["Beans from Ethiopia", "Where the taste comes from."],
    ["About discounts on Tuesdays", ""],
  ],
} as const;

const BODY = {
  ru: "С первого октября **тыквенный латте** снова в меню. Мы варим его с мускатным орехом, а сахара кладём вдвое меньше, чем в прошлом году.\n\n## Что ещё\n\n- раф с облепихой\n- [какао на овсяном молоке](https://example.org/cocoa)\n- пирог с яблоками\n\n> Осень начинается с корицы.\n\n![Чашка на столе](picture:1)\n\n| Чашка | Цена |\n|---|---:|\n| малая | 250 ₽ |\n| большая | 320 ₽ |\n\n1. Закажите в приложении.\n2. Заберите без очереди.\n\nПромокод: `OSEN-2026`.\n",
  en: "From the first of October the **pumpkin latte** is on the menu again. We make it with nutmeg, and with half the sugar of last year.\n\n## What else\n\n- sea buckthorn raf\n- [cocoa with oat milk](https://example.org/cocoa)\n- apple pie\n\n> Autumn begins with cinnamon.\n\n![A cup on a table](picture:1)\n\n| Cup | Price |\n|---|---:|\n| small | 2.50 |\n| large | 3.20 |\n\n1. Order in the app.\n2. Skip the queue.\n\nPromotional code: `AUTUMN-2026`.\n",
};

/** Something that looks like a photograph from afar. */
async function picture(page: Page, hue: number): Promise<Buffer> {
  await page.setViewportSize({ width: 1600, height: 1000 });
  await page.setContent(
    `<body style="margin:0;height:100vh;background:
      radial-gradient(circle at 30% 35%, hsl(${hue} 80% 78%) 0 14%, transparent 15%),
      radial-gradient(circle at 72% 70%, hsl(${hue + 40} 60% 45%) 0 22%, transparent 23%),
      linear-gradient(160deg, hsl(${hue} 60% 55%), hsl(${hue + 70} 55% 25%))"></body>`,
  );
  return page.screenshot();
}

test("blog", async ({ page, person, browser, language }, info) => {
  const shoot = async (name: string) => {
    await page.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    // Pictures that are far down load when they come into view.
    await page.evaluate(() => document.querySelectorAll("img").forEach((image) => (image.loading = "eager")));
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: path.join(folder, info.project.name, `blog-${name}.png`), fullPage: true });
  };
  const post = (address: string, form: Record<string, string>) => page.request.post(address, { form });
  await page.goto("/");
  await shoot("1-home-empty");
  await page.goto("/blog");
  await shoot("2-none");
  await person.hasAccountOf("admin");
  await person.hasMailing(await person.hasRecipientsAndMessage(1_240), "1", false);
  await person.logIn();
  await page.goto("/manage/articles");
  await shoot("3-articles-none");
  await page.goto("/manage/articles/new");
  await shoot("4-new");
  const painter = await (await browser.newContext()).newPage();
  for (const hue of [20, 200, 120]) {
    const file = { name: "cup.png", mimeType: "image/png", buffer: await picture(painter, hue) };
    await page.request.post("/manage/articles/pictures", { multipart: { picture: file } });
  }
  await painter.context().close();
  for (const [at, [title, lead]] of ARTICLES[language].entries()) {
    const cover = at < 3 ? String(at + 1) : "";
    const text = { title, lead, body: BODY[language], cover, cover_alt: title };
    await post("/manage/articles/new", { ...text, when: at < 4 ? "now" : "draft" });
  }
  await post("/manage/articles/new", {
    title: "2099",
    body: "x",
    when: "at",
    published_at: `${new Date().getFullYear() + 1}-01-01T10:00`,
  });
  await page.goto("/manage/articles");
  await shoot("5-articles");
  await page.goto("/manage/articles/1");
  await page.locator("button[formaction='/manage/articles/preview']").click();
  await page.locator("#preview .prose").waitFor();
  await shoot("6-edit");
  await page.goto("/manage/articles/5/delete");
  await shoot("7-delete");
  await page.goto("/blog");
  await shoot("8-list-signed-in");
  await page.context().clearCookies();
  for (const [name, address] of [
    ["9-home", "/"],
    ["10-list", "/blog"],
    ["11-article", await page.locator("main .articles a").last().getAttribute("href")],
    ["12-contacts", "/contacts"],
  ] as const) {
    await page.goto(address ?? "");
    await shoot(name);
  }
});
