// The pictures of the user guide, each where the guide speaks of it.
import { setTimeout } from "node:timers/promises";
import { test } from "../support/test";
import { answers, business, readers, withMistakes } from "./business";
import { picture, type Cut } from "./picture";

test("marketer", async ({ app, another, mailServer, language, t }) => {
  const { email, name, subject, html, mailings } = business[language];
  const person = await another(email, { ru: name, en: name });
  const { page } = person;
  const shoot = (what: string, cut?: Cut) => picture(page, language, what, cut);
  const owner = ["--owner", email];
  await person.hasAccount();
  await person.logIn();
  await page.goto("/dashboard");
  await shoot("overview-new");
  await page.goto("/recipients/import");
  await shoot("import", { height: 640 });
  await page.locator("input[type=file]").setInputFiles(await app.file("readers.csv", withMistakes(language)));
  await person.button("import-submit").click();
  await page.getByText(t("import-rejected-text")).waitFor();
  await shoot("import-result", { height: 720 });

  const list = await app.file("all.csv", readers(language));
  await app.cli(["recipients", "import", ...owner, list]);
  const letter = await app.file("letter.html", html);
  const message = await app.cli(["message", "create", ...owner, "--subject", subject, "--html", letter]);
  await page.goto(`/messages/${message}/edit`);
  await setTimeout(500);
  await shoot("message", { height: 760 });
  await page.goto(`/mailings/new?message=${message}`);
  await page.locator("#when-planned").check();
  await page.locator("#starts_at").fill("2027-03-06T10:00");
  await page.locator("#periodicity").selectOption("weekly");
  await shoot("mailing-form", { height: 1000 });

  mailServer.answers = answers;
  const mailing = await person.hasMailing(message, mailings[0] ?? "", false);
  for (const other of mailings.slice(1)) await person.hasMailing(message, other, false);
  await page.goto(`/mailings/${mailing}/review`);
  await shoot("review");
  // What is sent from the command line has no half minute to wait for.
  await app.cli(["mailing", "send", mailing]).catch(() => {});
  await page.goto(`/mailings/${mailing}`);
  await page
    .locator("main .status", { hasText: t("run-state-sending") })
    .first()
    .waitFor();
  await setTimeout(1_200);
  await shoot("sending", { height: 560, moving: true });
  await page
    .locator("main [role=status]")
    .filter({ hasText: t("mailing-status-completed") })
    .waitFor({ timeout: 30_000 });
  await page.reload();
  await shoot("again", { height: 960 });
  await page.goto(`/mailings/${mailing}/attempts?successful=no`);
  await shoot("attempts", { height: 760 });
  await page.goto("/reports");
  await shoot("report", { height: 960 });

  await page.goto("/settings/two-factor");
  await person.field("settings-password-current").fill(person.password);
  await person.button("factor-ask-start-submit").click();
  await person.heading(t("factor-app-title")).waitFor();
  await shoot("two-factor", { height: 760 });
});

test("those who watch over others", async ({ app, another, language }) => {
  const { email, name, subject, html, mailings } = business[language];
  const owner = await another(email, { ru: name, en: name });
  await owner.hasAccount();
  const list = await app.file("all.csv", readers(language));
  await app.cli(["recipients", "import", "--owner", email, list]);
  const letter = await app.file("letter.html", html);
  const message = await app.cli([
    "message",
    "create",
    "--owner",
    email,
    "--subject",
    subject,
    "--html",
    letter,
  ]);
  for (const title of mailings) await owner.hasMailing(message, title, false);
  const chief = await another("vera@example.org", { ru: "Вера Ильина", en: "Vera Hill" });
  await chief.hasAccountOf("admin");
  await chief.logIn();
  const { page } = chief;
  await page.goto("/manage/mailings");
  await picture(page, language, "manage-mailings", { height: 560 });
  await page.goto("/manage/users/1/block");
  await page.locator("#reason").fill(business[language].reason);
  await picture(page, language, "manage-block", { height: 560 });
  const russian = language === "ru";
  await page.goto("/manage/articles/new");
  await page.locator("#title").fill(russian ? "Почему письма попадают в спам" : "Why letters end up in spam");
  await page
    .locator("#lead")
    .fill(russian ? "Пять причин, и что с каждой делать." : "Five reasons, and what to do about each.");
  await page
    .locator("#body")
    .fill(
      russian
        ? "Чаще всего дело **не в словах**, а в настройках домена.\n\n## Кто вы такой\n\n- SPF\n- DKIM\n- DMARC"
        : "Most often it is **not the words** but how the domain is set up.\n\n## Who are you\n\n- SPF\n- DKIM\n- DMARC",
    );
  await page.locator("#when-at").check();
  await page.locator("#published_at").fill("2027-03-06T10:00");
  await picture(page, language, "article");
});

test("visitors and who answers them", async ({ another, language, t }) => {
  const { contacts, visitors, domain } = business[language];
  const chief = await another("vera@example.org", { ru: "Вера Ильина", en: "Vera Hill" });
  await chief.hasAccountOf("admin");
  await chief.logIn();
  await chief.page.goto("/manage/settings");
  await chief.page.locator("#contacts").fill(contacts);
  await chief.page.locator("form:has(#contacts) button.btn-primary").click();
  await chief.note("flash-installation-saved").waitFor();
  const visitor = await another("nobody@example.org", { ru: "", en: "" });
  const { page } = visitor;
  for (const [index, [name, subject, text]] of visitors.entries()) {
    await page.goto("/contacts");
    await visitor.field("contacts-name").fill(name ?? "");
    await visitor.field("contacts-email").fill(`reader${index + 1}@${domain}`);
    await visitor.field("contacts-subject").fill(subject ?? "");
    await visitor.field("contacts-text").fill(text ?? "");
    if (index === 0) await picture(page, language, "contacts");
    // Nobody types faster than this, and the form knows it.
    await setTimeout(3_100);
    await visitor.button("contacts-send").click();
    await visitor.heading(t("contacts-sent-title")).waitFor();
  }
  await chief.page.goto("/manage/feedback");
  await picture(chief.page, language, "feedback", { height: 560 });
});
