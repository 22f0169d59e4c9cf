// What was typed is not lost: two tabs, an ended session, a form that is too large, a way back.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test";
import type { Person } from "../support/person";

/** Something that is written: where, what it is known by, and what else it needs. */
interface Written {
  what: string;
  path: string;
  /** The words of the field that is looked at, and of the button that saves a new one, and a changed one. */
  field: string;
  create: string;
  save: string;
  complete: (person: Person) => Promise<void>;
  /** Where it is changed, from the page that follows saving it. */
  edit: (page: Page) => Promise<string>;
}

const pathOf = (page: Page) => new URL(page.url()).pathname;

const WRITTEN: Written[] = [
  {
    what: "message",
    path: "/messages/new",
    field: "message-subject",
    create: "message-create",
    save: "message-save",
    complete: async (person) => person.field("message-html").fill("<p>{{ recipient.full_name }}</p>"),
    edit: async (page) => {
      await expect(page).toHaveURL(/\/messages\/\d+$/);
      return `${pathOf(page)}/edit`;
    },
  },
  {
    what: "mailing",
    path: "/mailings/new",
    field: "mailing-name",
    create: "mailing-save",
    save: "mailing-save",
    complete: async (person) => {
      await person.field("mailing-message").selectOption({ index: 1 });
    },
    edit: async (page) => {
      await expect(page).toHaveURL(/\/mailings\/\d+\/review$/);
      return pathOf(page).replace(/review$/, "edit");
    },
  },
  {
    what: "article",
    path: "/manage/articles/new",
    field: "article-title",
    create: "article-save",
    save: "article-save",
    complete: async (person) => person.field("article-body").fill("# Тыква"),
    edit: async (page) => {
      await expect(page).toHaveURL(/\/manage\/articles\/\d+$/);
      return pathOf(page);
    },
  },
];

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

/** Someone who may write all of it. */
async function writer(person: Person): Promise<void> {
  await person.hasAccountOf("admin");
  await person.hasRecipientsAndMessage(1);
  await person.logIn();
}

for (const written of WRITTEN) {
  test(`two tabs, ${written.what}: both texts are seen, neither is lost`, async ({
    page,
    person,
    watch,
    t,
  }) => {
    watch.expect(409);
    await writer(person);
    await page.goto(written.path);
    await person.field(written.field).fill("Осеннее меню");
    await written.complete(person);
    await person.button(written.create).click();
    const edit = await written.edit(page);

    const other = await page.context().newPage();
    const inOther = other.getByLabel(t(written.field)).and(other.locator("input[type=text]"));
    const saveInOther = async (text: string) => {
      await inOther.fill(text);
      await other.getByRole("button", { name: t(written.save), exact: true }).click();
      await written.edit(other);
    };
    await page.goto(edit);
    await other.goto(edit);
    await saveInOther("Из другой вкладки");

    await person.field(written.field).fill("Из этой вкладки");
    await person.button(written.save).click();
    const conflict = page.locator("#conflict");
    await expect(conflict).toBeFocused();
    await expect(conflict).toContainText("Из другой вкладки");
    await expect(conflict).toContainText("Из этой вкладки");
    await expect(conflict.locator("mark").first()).toBeVisible();
    await expect(person.field(written.field)).toHaveValue("Из этой вкладки");
    await watch.check();
    await person.button("conflict-save").click();
    await expect(conflict).toHaveCount(0);
    await page.goto(edit);
    await expect(person.field(written.field)).toHaveValue("Из этой вкладки");

    // The other way round: what was saved stays, and what was typed is given up.
    await other.goto(edit);
    await saveInOther("Остаётся");
    await person.field(written.field).fill("Уходит");
    await person.button(written.save).click();
    await person.link("conflict-keep").click();
    await expect(conflict).toHaveCount(0);
    await page.goto(edit);
    await expect(person.field(written.field)).toHaveValue("Остаётся");
    await expect(page.locator("[data-draft-offer]"), "nothing is offered").toBeHidden();
    await other.close();
  });
}

test("the session ends while something is written", async ({ page, person, watch, t }) => {
  await writer(person);
  for (const written of WRITTEN) {
    await test.step(written.what, async () => {
      await person.open(written.path);
      await person.field(written.field).fill("Осеннее меню");
      await written.complete(person);
      await sessionEnds(page);
      await person.button(written.create).click();
      await expect(person.heading(t("login-title"))).toBeVisible();
      await expect(person.note("flash-form-kept")).toBeVisible();
      await watch.check();
      await givePassword(person);
      await expect(page.getByText(t("typed-restored-title"))).toBeVisible();
      await expect(person.field(written.field)).toHaveValue("Осеннее меню");
      await expect(page.locator("[data-draft-offer]"), "the form has it already").toBeHidden();
      await watch.check();
      await person.button(written.create).click();
      await written.edit(page);
      await page.goto(written.path);
      await expect(person.field(written.field)).toHaveValue("");
      await expect(page.locator("[data-draft-offer]"), "what was saved is offered no more").toBeHidden();
    });
  }
});

test("leaving something that is written and coming back", async ({ page, person, watch }) => {
  await writer(person);
  const offer = page.locator("[data-draft-offer]");
  for (const written of WRITTEN) {
    await test.step(written.what, async () => {
      await person.open(written.path);
      await person.field(written.field).fill("Осеннее меню");
      await leave(page, () => page.goto("/dashboard"));
      await page.goBack();
      // Whether the browser has kept the page or not, the text is there or offered.
      await expect(async () => {
        if (await offer.isVisible()) await person.button("typed-draft-restore").click();
        await expect(person.field(written.field)).toHaveValue("Осеннее меню", { timeout: 500 });
      }).toPass();
      await leave(page, () => page.goto(written.path));
      await expect(offer).toBeVisible();
      await watch.check();
      await person.button("typed-draft-restore").click();
      await expect(person.field(written.field)).toHaveValue("Осеннее меню");
      await expect(offer).toBeHidden();
      await leave(page, () => page.goto(written.path));
      await person.button("typed-draft-discard").click();
      await page.goto(written.path);
      await expect(person.field(written.field)).toHaveValue("");
      await expect(offer).toBeHidden();
    });
  }

  // Whoever signs out leaves nothing behind for others at this browser.
  await page.goto("/messages/new");
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

test("a form that is too large is not sent, and keeps what was typed", async ({ page, person, watch }) => {
  await writer(person);
  const warning = page.locator("[data-too-large]");
  for (const [path, area, button] of [
    ["/messages/new", "html", "message-create"],
    ["/manage/articles/new", "body", "article-save"],
  ] as const) {
    await test.step(path, async () => {
      await person.open(path);
      // Thirty megabytes in a text area cost a browser minutes.
      await warning.evaluate((element) => (element as HTMLElement).setAttribute("data-too-large", "60000"));
      const field = page.locator(`textarea[name="${area}"]`);
      await page
        .locator("main form")
        .locator("visible=true")
        .getByRole("textbox")
        .first()
        .fill("Осеннее меню");
      // Each of these letters takes six octets in a form.
      const text = `${"ж".repeat(100)}\n`.repeat(100);
      await field.fill(text);
      await person.button(button).click();
      await expect(warning).toBeVisible();
      await expect(warning).toBeFocused();
      await expect(field).toHaveValue(text);
      await field.fill("ж");
      await watch.check();
      await leave(page, () => page.goto("/dashboard"));
    });
  }
});
