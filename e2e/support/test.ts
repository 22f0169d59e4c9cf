// What every test gets: a running product, a page that is watched, a person who uses it, and the words of its language.
import { test as base } from "@playwright/test";
import { App, type Product } from "./app";
import { Deployed } from "./deployed";
import { MailServer } from "./mail-server";
import { Person } from "./person";
import { Watch } from "./watch";
import { wordsOf, type Language, type Words } from "./words";

export interface Options {
  /** How long "send now" can be undone. */
  undoDelay: string;
  /** Further settings of the process: `VESTNIK_…`. */
  settings: Record<string, string>;
  /** Whether it is the product as it is deployed, with two nodes behind nginx, and not one process. */
  deployed: boolean;
  /** Whether mail goes to a mail server of the test's own and not to the catcher. */
  hasMailServer: boolean;
}

interface Fixtures {
  app: Product;
  mailServer: MailServer;
  language: Language;
  t: Words;
  watch: Watch;
  /** Who uses the product; all that is done at `page` is done by them. */
  person: Person;
  /** Someone else, at a browser of their own. */
  another: (email: string, names: Record<Language, string>) => Promise<Person>;
}

export const test = base.extend<Options & Fixtures>({
  undoDelay: ["60s", { option: true }],
  settings: [{}, { option: true }],
  deployed: [false, { option: true }],
  hasMailServer: [false, { option: true }],

  mailServer: async ({}, use) => {
    const mailServer = await MailServer.start();
    await use(mailServer);
    await mailServer.stop();
  },

  app: async ({ undoDelay, settings, deployed, hasMailServer, mailServer }, use, info) => {
    const smtp: Record<string, string> = hasMailServer ? { VESTNIK_SMTP_URL: mailServer.url } : {};
    const app = await (deployed ? Deployed : App).start(undoDelay, { ...smtp, ...settings });
    await use(app);
    if (info.status !== info.expectedStatus) await info.attach("vestnik.log", { body: app.printed });
    await app.stop();
  },

  baseURL: async ({ app }, use) => use(app.url),

  language: async ({ locale }, use) => use(locale?.startsWith("ru") ? "ru" : "en"),

  t: async ({ language }, use) => use(wordsOf(language)),

  watch: async ({ page, app }, use) => {
    const watch = new Watch(page, app.url);
    await watch.begin();
    await use(watch);
    watch.quiet();
  },

  person: async ({ page, app, language, t, watch }, use) => {
    const name = language === "ru" ? "Ольга" : "Olga";
    await use(new Person(page, app, language, t, watch, "olga@example.org", name));
  },

  another: async ({ browser, app, language, t }, use) => {
    const people: Person[] = [];
    await use(async (email, names) => {
      const page = await (await browser.newContext()).newPage();
      const watch = new Watch(page, app.url);
      await watch.begin();
      const person = new Person(page, app, language, t, watch, email, names[language]);
      people.push(person);
      return person;
    });
    for (const { page, watch } of people) {
      watch.quiet();
      await page.context().close();
    }
  },
});

export { expect } from "@playwright/test";
