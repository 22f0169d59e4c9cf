// Whose caught mail is seen by whom: a visitor, a user, a manager, an administrator; in front of the product itself and
// behind nginx.
import type { Person } from "../support/person";
import { expect, test } from "../support/test";

const BORIS = ["boris@example.org", { ru: "Борис", en: "Boris" }] as const;
const MANAGER = ["marina@example.org", { ru: "Марина", en: "Marina" }] as const;
const CHIEF = ["irina@example.org", { ru: "Ирина", en: "Irene" }] as const;

/** The subjects of the mail that someone sees. */
async function subjects({ page, watch }: Person): Promise<string[]> {
  await page.goto("/caught");
  await watch.check();
  return (await page.locator("tbody a.row-link").allInnerTexts()).sort();
}

test("caught mail is seen by its owner and by administrators", async ({ person, another, watch, t }) => {
  watch.expect(404);
  await person.hasAccount();
  await person.hasMailing(await person.hasRecipientsAndMessage(2), "2", true);
  const boris = await another(...BORIS);
  await boris.register();
  const [manager, chief] = [await another(...MANAGER), await another(...CHIEF)];
  await manager.hasAccountOf("manager");
  await chief.hasAccountOf("admin");
  for (const one of [person, boris, manager, chief]) await one.logIn();
  for (const one of [boris, manager]) one.watch.expect(404);

  await expect(async () => expect(await subjects(chief)).toHaveLength(3)).toPass();
  await expect(chief.button("caught-clear-all")).toBeVisible();
  const confirmation = t("letter-confirm-subject");
  expect(await subjects(boris)).toEqual([confirmation]);
  await expect(boris.button("caught-clear-own")).toBeVisible();
  const mailing = await subjects(person);
  expect(mailing).toHaveLength(2);
  expect(mailing).not.toContain(confirmation);
  expect(await subjects(manager), "a manager watches over mailings and reads no mail").toEqual([]);

  // The addresses of mail that is not theirs lead nowhere.
  await chief.openLetter(boris.email);
  const link = new URL(chief.page.url()).pathname;
  for (const path of [link, `${link}/html`, `${link}/source`]) {
    for (const [one, status] of [
      [chief, 200],
      [boris, 200],
      [person, 404],
      [manager, 404],
    ] as const) {
      expect((await one.page.goto(path))?.status(), `${path} for ${one.name}`).toBe(status);
    }
  }

  // A visitor signs in, whatever they say of themselves.
  const { page } = person;
  await page.context().clearCookies();
  for (const headers of [{}, { "x-forwarded-for": "127.0.0.1" }, { forwarded: "for=127.0.0.1" }]) {
    await page.setExtraHTTPHeaders(headers as Record<string, string>);
    for (const path of ["/caught", link]) {
      await page.goto(path);
      expect(await page.locator("main").innerText()).not.toContain(boris.email);
      await expect(page.getByRole("button", { name: t("caught-clear-own") })).toHaveCount(0);
      await expect(page.getByRole("button", { name: t("caught-clear-all") })).toHaveCount(0);
    }
  }

  // Boris deletes his own and nothing else.
  await boris.open("/caught");
  await boris.button("caught-clear-own").click();
  await boris.page
    .getByRole("dialog")
    .getByRole("button", { name: t("caught-clear-own") })
    .click();
  await expect(boris.note("flash-caught-cleared", { n: 1 })).toBeVisible();
  expect(await subjects(chief)).toEqual(mailing);
});
