// The blog: written by those who keep it, read by strangers, on the first page and by programs.
import { LOOK, type Person } from "../support/person";
import { expect, test } from "../support/test";
import type { Language } from "../support/words";

const CHIEF = ["irina@example.org", { ru: "Ирина", en: "Irene" }] as const;
const STRANGER = ["stranger@example.org", { ru: "Гость", en: "Guest" }] as const;

const ARTICLE: Record<Language, { title: string; slug: string; lead: string; body: string; alt: string }> = {
  ru: {
    title: "Осеннее меню: что нового?",
    slug: "osennee-meniu-chto-novogo",
    lead: "Тыквенный латте вернулся, а с ним и корица.",
    body: "# Тыква\n\nС первого октября **тыквенный латте** снова в меню.\n\n- корица\n- мускатный орех\n\n| чашка | цена |\n|---|---|\n| малая | 250 |\n",
    alt: "Чашка латте на деревянном столе",
  },
  en: {
    title: "The autumn menu: what’s new?",
    slug: "the-autumn-menu-whats-new",
    lead: "The pumpkin latte is back, and cinnamon with it.",
    body: "# Pumpkin\n\nFrom the first of October the **pumpkin latte** is on the menu again.\n\n- cinnamon\n- nutmeg\n\n| cup | price |\n|---|---|\n| small | 2.50 |\n",
    alt: "A cup of latte on a wooden table",
  },
};

// A reader is a person at a browser; the tests' own says that it is a machine, and those are not counted.
test.use({
  userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  settings: { VESTNIK_BEHIND_PROXY: "true" },
});

/** The page as it is, in the light and in the dark. */
async function look({ page, watch }: Person): Promise<void> {
  await watch.check();
  await page.emulateMedia({ colorScheme: "dark" });
  await watch.check();
  await page.emulateMedia({ colorScheme: "light" });
}

/** A picture to upload: whatever someone sees. Not the one who uploads it, on whose page it would leave traces. */
async function picture({ page }: Person) {
  return { name: "cup.png", mimeType: "image/png", buffer: await page.screenshot() };
}

test("an article is written, looked at, published and read", async ({
  app,
  page,
  person,
  another,
  watch,
  language,
  t,
}) => {
  const article = ARTICLE[language];
  const address = `/blog/${article.slug}`;
  await person.hasAccount();
  const stranger = await another(...STRANGER);
  stranger.watch.expect(404);

  await test.step("an administrator lets someone keep the blog", async () => {
    const chief = await another(...CHIEF);
    await chief.hasAccountOf("admin");
    await person.logIn();
    expect(await person.managedSections()).toEqual([]);
    await chief.logIn();
    await chief.goTo("manage-users");
    await chief.page.getByRole("row").filter({ hasText: person.email }).getByRole("link").click();
    await chief.page.getByLabel(t("group-content_managers"), { exact: true }).check();
    await chief.button("manage-user-groups-save").click();
    await expect(chief.note("flash-user-groups")).toBeVisible();
    // A change of groups ends the sessions.
    await person.logIn();
    expect(await person.managedSections()).toEqual([t("manage-articles")]);
  });

  await test.step("nothing yet, on either side", async () => {
    await person.open("/manage/articles");
    await expect(page.getByRole("heading", { name: t("article-none-title") })).toBeVisible();
    await stranger.open("/blog");
    await expect(stranger.page.getByRole("heading", { name: t("blog-none-title") })).toBeVisible();
  });

  await test.step("write, with a picture, and look at it", async () => {
    await person.link("article-new").first().click();
    await expect(person.heading(t("article-new"))).toBeVisible();
    await look(person);
    await person.field("article-title").fill(article.title);
    await person.field("article-lead").fill(article.lead);
    await person.field("article-body").fill(article.body);
    await person.field("article-picture-file").setInputFiles(await picture(stranger));
    await person.button("article-picture-upload").click();
    const uploaded = page.getByRole("radio", { name: t("article-picture-number", { n: 1 }) });
    await expect(uploaded, "the first picture is the cover").toBeChecked();
    await expect(person.field("article-body"), "and what was typed is still there").toHaveValue(article.body);
    await person.field("article-cover-alt").fill(article.alt);
    await person.field("article-body").focus();
    await page.keyboard.press("Control+End");
    await person.button("article-picture-insert").click();
    await expect(person.field("article-body")).toHaveValue(/\(picture:1\)$/);
    await person.button("article-preview").click();
    const preview = page.locator("#preview");
    await expect(preview.getByRole("heading", { name: article.body.split("\n")[0]!.slice(2) })).toBeVisible();
    await expect(preview.getByRole("img", { name: article.alt })).toBeVisible();
    await expect(preview.getByRole("table")).toBeVisible();
    await look(person);
    await person.button("article-save").click();
    await expect(person.note("flash-article-draft")).toBeVisible();
    await expect(person.field("article-slug")).toHaveValue(article.slug);
    await look(person);
  });

  await test.step("a draft is there for those who keep the blog alone", async () => {
    await stranger.page.goto(address);
    await expect(stranger.heading(t("error-404-title"))).toBeVisible();
    await person.link("article-open").click();
    await expect(person.heading(article.title)).toBeVisible();
    await expect(page.getByText(t("article-not-public"))).toBeVisible();
    await look(person);
    await person.link("article-edit").click();
  });

  await test.step("what is wrong is said at its field, and nothing is lost", async () => {
    watch.expect(422);
    await person.field("article-slug").fill("Не адрес");
    await person.field("article-title").fill(`${article.title}!`);
    await person.button("article-save").click();
    await expect(page.locator("#slug-error")).toBeVisible();
    await expect(person.field("article-title")).toHaveValue(`${article.title}!`);
    await look(person);
    await person.field("article-slug").fill("");
    await person.field("article-title").fill(article.title);
  });

  await test.step("published at once", async () => {
    await person.field("article-when-now").check();
    await person.button("article-save").click();
    await expect(person.note("flash-article-published")).toBeVisible();
    await person.open("/manage/articles");
    const row = page.getByRole("row").filter({ hasText: article.title });
    await expect(row.locator(".status")).toHaveText(t("article-published"));
    await expect(row).toContainText(address);
    await look(person);
  });

  const reader = stranger.page;
  await test.step("strangers read it", async () => {
    await stranger.open("/blog");
    await expect(reader.locator("main .figure")).toHaveCount(3);
    // In the list, and among the articles that are chosen at random.
    await expect(reader.getByText(article.lead)).toHaveCount(2);
    await look(stranger);
    await reader.getByRole("link", { name: article.title }).first().click();
    await expect(stranger.heading(article.title)).toBeVisible();
    await expect(reader).toHaveURL(new RegExp(`${address}$`));
    for (const image of await reader.locator("main img").all()) {
      await image.scrollIntoViewIfNeeded();
      await expect(image).toHaveAttribute("alt", /\S/);
      await expect
        .poll(() => image.evaluate((one: HTMLImageElement) => one.naturalWidth))
        .toBeGreaterThan(300);
    }
    await expect(reader.locator("main img").first()).toHaveAttribute("alt", article.alt);
    await expect(reader.locator("article h2")).toHaveText(article.body.split("\n")[0]!.slice(2));
    for (const [property, content] of [
      ["og:title", article.title],
      ["og:description", article.lead],
      ["og:url", app.url + address],
    ] as const)
      await expect(reader.locator(`meta[property="${property}"]`)).toHaveAttribute("content", content);
    await look(stranger);
  });

  await test.step("each reader counts once, its writer never", async () => {
    for (let time = 0; time < 3; time++) await reader.reload();
    await person.open(address);
    const views = { "x-forwarded-for": "192.0.2.7", "user-agent": "Mozilla/5.0 Firefox/145.0" };
    for (let time = 0; time < 2; time++) await reader.request.get(address, { headers: views });
    await expect(async () => {
      await page.goto("/manage/articles");
      const cell = page.getByRole("row").filter({ hasText: article.title }).getByRole("cell").last();
      await expect(cell).toHaveText("2", { timeout: LOOK });
    }).toPass();
  });

  await test.step("programs read it, too", async () => {
    for (const [path, mark] of [
      ["/blog/feed.xml", "item > title"],
      ["/sitemap.xml", "url > loc"],
    ] as const) {
      const answer = await reader.request.get(path);
      expect(answer.headers()["content-type"]).toContain("xml");
      const found = await reader.evaluate(
        ([xml, mark]) => {
          const read = new DOMParser().parseFromString(xml, "application/xml");
          const broken = read.querySelector("parsererror")?.textContent ?? "";
          return { broken, texts: [...read.querySelectorAll(mark)].map((one) => one.textContent) };
        },
        [await answer.text(), mark] as const,
      );
      expect(found.broken, path).toBe("");
      expect(found.texts).toContain(path === "/sitemap.xml" ? app.url + address : article.title);
    }
  });

  await test.step("the first page shows it, beside its figures", async () => {
    await person.hasRecipientsAndMessage(7);
    await expect(async () => {
      await reader.goto("/");
      const figures = reader.locator("dd.figure");
      await expect(figures).toHaveText(["0", "0", "7"], { timeout: LOOK });
      await expect(reader.getByRole("link", { name: article.title })).toBeVisible({ timeout: LOOK });
    }).toPass();
    await look(stranger);
  });

  await test.step("it becomes a message", async () => {
    await person.open("/manage/articles");
    await page.getByRole("link", { name: article.title }).click();
    await person.button("article-to-message").click();
    await expect(page).toHaveURL(/\/messages\/\d+\/edit$/);
    await expect(person.field("message-subject")).toHaveValue(article.title);
    await expect(person.field("message-html")).toHaveValue(
      new RegExp(`<img src="${app.url}/media/.*${article.alt}`),
    );
    await watch.check();
  });

  await test.step("another address, and the old one leads there", async () => {
    await person.open("/manage/articles");
    await page.getByRole("link", { name: article.title }).click();
    await person.field("article-slug").fill("autumn");
    await person.button("article-save").click();
    await expect(person.note("flash-article-published")).toBeVisible();
    await reader.goto(address);
    await expect(reader).toHaveURL(/\/blog\/autumn$/);
  });

  await test.step("deleted, after a question", async () => {
    await person.link("article-delete").click();
    const title = t("article-delete-title", { title: article.title });
    await expect(page.getByRole("heading", { name: title })).toBeVisible();
    await watch.check();
    await person.button("article-delete").click();
    await expect(person.note("flash-article-deleted")).toBeVisible();
    // Their browser may keep what it has for two seconds.
    await expect(async () => {
      await reader.goto("/blog/autumn");
      await expect(stranger.heading(t("error-404-title"))).toBeVisible({ timeout: LOOK });
    }).toPass();
    await look(stranger);
  });
});

test("an article comes out when its time has come", async ({ app, page, person, another, language, t }) => {
  const article = ARTICLE[language];
  await person.hasAccountOf("admin");
  await person.logIn();
  await person.open("/manage/articles/new");
  await person.field("article-title").fill(article.title);
  await person.field("article-body").fill(article.body);
  await page.locator("#when-at").check();
  // Both are in Moscow, three hours ahead.
  const at = new Date(app.now() + 3_600_000 + 3 * 3_600_000).toISOString().slice(0, 16);
  await page.locator("#published_at").fill(at);
  await person.button("article-save").click();
  await expect(person.note("flash-article-planned")).toBeVisible();
  await person.open("/manage/articles?state=planned");
  await expect(page.locator("tbody .status")).toHaveText(t("article-planned"));

  const stranger = await another(...STRANGER);
  stranger.watch.expect(404);
  await stranger.page.goto(`/blog/${article.slug}`);
  await expect(stranger.heading(t("error-404-title"))).toBeVisible();
  await app.passTime(3_600);
  await expect(async () => {
    await stranger.page.goto(`/blog/${article.slug}`);
    await expect(stranger.heading(article.title)).toBeVisible({ timeout: LOOK });
  }).toPass();
  await person.open("/manage/articles?state=published");
  await expect(page.locator("tbody .status")).toHaveText(t("article-published"));
});
