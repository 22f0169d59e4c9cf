// Results of imports: with everything that can be said of a file, of a file that is no list, and the form beside them.
import path from "node:path";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

const RICH = {
  ru: [
    "ФИО;Электронная почта;Телефон;Город;Комментарий;Факс",
    "Анна Северова;anna@example.com;+7 900 000-00-00;Тула;постоянный;",
    "Борис Ёлки\ufffd;boris@example.com;;;;",
    "Вера Южная;vera@example.com, vera.work@example.com;;;;",
    ";;;;;",
    "Глеб;без адреса;;;;",
    "Дарья;daria@example,com;;;;",
  ],
  en: [
    "Full name;Email;Phone;City;Comment;Fax",
    "Anna North;anna@example.com;555-0100;Leeds;regular;",
    "Boris O'Har\ufffd;boris@example.com;;;;",
    "Vera South;vera@example.com, vera.work@example.com;;;;",
    ";;;;;",
    "Gleb;no address;;;;",
    "Daria;daria@example,com;;;;",
  ],
};

test("imports", async ({ page, person, t }, info) => {
  const shoot = async (name: string) => {
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({
      path: path.join(folder, info.project.name, `import-${name}.png`),
      fullPage: true,
    });
  };
  const upload = async (name: string, text: string) => {
    await page.goto("/recipients/import");
    await page
      .locator("input[type=file]")
      .setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await person.button("import-submit").click();
    await page.locator("#import:not([hx-trigger])").waitFor();
  };
  await person.hasAccount();
  await person.logIn();
  const name = person.language === "ru" ? "клиенты.csv" : "clients.csv";
  await upload(name, RICH[person.language].join("\r\n"));
  await shoot("rich");
  await upload(name, ["Email;Phone", "1 Quay Street;555-0100"].join("\r\n"));
  await shoot("none-taken");
  await upload("book.xls", "<html><body><table><tr><td>Email</td></tr></table></body></html>");
  await shoot("no-list");
  await page.goto("/recipients/import");
  await shoot("form");
  await page.goto("/recipients");
  await shoot("list");
  await page.goto("/recipients/new");
  person.watch.expect(422);
  await page.getByLabel(t("recipients-column-email")).fill("anna@example.com; boris@example.com");
  await person.button("recipient-create").click();
  await page.locator("#email-error").waitFor();
  await shoot("several-addresses");
});
