// The main path: from registration to what the mail server answered for each recipient.
import { people } from "../support/people";
import { expect, test } from "../support/test";

test("from registration to the servers' answers", async ({ page, person, watch, t, language }) => {
  const readers = people(language, 50);
  const [first, last] = [readers[0]!, readers[49]!];
  const hello = language === "ru" ? "Здравствуйте" : "Hello";

  await test.step("register and confirm the address", async () => {
    await person.register();
    await person.logIn();
    await person.confirmAddress();
  });

  await test.step("import recipients", async () => {
    await person.importRecipients(readers);
    await person.findRecipient(last, 50);
  });

  await test.step("write a message", async () => {
    const html = `<h1>${hello}, {{ recipient.full_name }}!</h1><p>{{ recipient.comment }}</p><p>{{ recipient.email }}</p>`;
    await person.writeMessage(`${hello}, {{ recipient.full_name }}`, html, new RegExp(`${hello}, .+ \\d+!`));
  });

  await test.step("make a mailing and send it", async () => {
    await person.makeMailing("50");
    await expect(page.locator(".check-ok").first()).toHaveText(t("check-recipients", { n: 50 }));
    await person.sendNow(50);
    await watch.check();
    await person.watchUntilSent();
    await page.reload();
    await expect(person.figure("run-sent")).toHaveText("50");
    await expect(person.figure("run-failed")).toHaveText("0");
    await expect(person.figure("run-attempts-made")).toHaveText("50");
    await watch.check();
  });

  await test.step("read what the server answered", async () => {
    await person.link("run-attempts").first().click();
    await expect(person.heading(t("attempts-title"))).toBeVisible();
    const rows = page.locator("tbody tr");
    await expect(rows).toHaveCount(50);
    await expect(rows.filter({ hasText: t("attempt-successful") })).toHaveCount(50);
    for (const reply of await rows.locator("code.reply").allInnerTexts())
      expect(reply).toMatch(/^250 2\.0\.0 \S/);
    await watch.check();

    await person.field("attempt-text").fill(last.email);
    await person.button("show").click();
    await expect(rows).toHaveCount(1);
    await expect(rows).toContainText(last.email);
    expect(
      (await person.download("attempts-csv")).slice(1).map((row) => row[0]),
      "the filter's rows",
    ).toEqual([last.email]);
    await page.getByRole("link", { name: t("reset") }).click();
    await person.field("attempt-code").selectOption("250");
    await person.button("show").click();
    await expect(rows).toHaveCount(50);
    await person.field("attempt-result").selectOption("no");
    await person.button("show").click();
    await expect(rows).toHaveCount(0);
    await expect(page.getByRole("heading", { name: t("attempts-empty-title") })).toBeVisible();
    await watch.check();
    await page.getByRole("link", { name: t("reset") }).click();

    const [header, ...lines] = await person.download("attempts-csv");
    expect(header).toEqual([
      "email",
      ...["time", "successful", "code", "enhanced", "reply", "message-id", "number", "error"].map((name) =>
        t(`csv-${name}`),
      ),
    ]);
    expect(lines.map((line) => line[0]).sort()).toEqual(readers.map((reader) => reader.email));
    for (const [, time, successful, code, enhanced, reply, messageId, number] of lines) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect([successful, code, enhanced, number]).toEqual([t("attempt-successful"), "250", "2.0.0", "1"]);
      expect(reply).toMatch(/\S/);
      expect(messageId).toMatch(/@/);
    }
  });

  await test.step("read the letters", async () => {
    for (const reader of [first, last]) {
      await person.openLetter(reader.email);
      await expect(person.heading(`${hello}, ${reader.name}`)).toBeVisible();
      const letter = page.frameLocator("iframe.preview-frame");
      await expect(letter.getByRole("heading")).toHaveText(`${hello}, ${reader.name}!`);
      await expect(letter.locator("body")).toContainText(reader.comment);
      // The part without HTML was made from it.
      await expect(page.locator("main pre")).toContainText(reader.comment);
    }
  });

  await test.step("see it everywhere, and leave", async () => {
    for (const path of ["/dashboard", "/mailings"]) {
      await person.open(path);
      const row = page
        .locator("tbody tr")
        .filter({ has: page.getByRole("link", { name: "50", exact: true }) });
      await expect(row).toContainText(t("mailing-status-completed"));
    }
    await person.open("/reports");
    await expect(person.figure("figure-sent")).toHaveText("50");
    await expect(person.figure("figure-attempts-failed")).toHaveText("0");
    await person.logOut();
  });
});

test("sending can be undone", async ({ page, person, watch }) => {
  await person.hasAccount();
  await person.hasMailing(await person.hasRecipientsAndMessage(3), "3", false);
  await person.logIn();
  await page.goto("/mailings");
  await page.getByRole("link", { name: "3", exact: true }).click();
  await person.link("mailing-send-now").click();
  await person.startRun(3);
  await watch.check();
  await person.button("run-undo").click();
  await expect(person.note("flash-run-undone")).toBeVisible();
  await expect(page.locator("[data-undo]")).toHaveCount(0);
  await watch.check();
  await person.undoTimeEnds();
  await page.goto("/caught");
  await expect(page.locator("tbody tr")).toHaveCount(0);
});

test("only those who were chosen get a mailing", async ({ page, person, watch, t, language }) => {
  const readers = people(language, 30);
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(30);
  await person.logIn();
  await page.goto(`/mailings/new?message=${message}`);
  await page.getByLabel(t("audience-choose")).check();
  // Everybody whose number has a 2 in the tens: 020 to 029; then one more by another search.
  await person.field("choose-search").fill("reader02");
  await person.button("choose-find").click();
  await expect(page.locator("tbody tr")).toHaveCount(10);
  await watch.check();
  await page
    .getByLabel(t("choose-page"))
    .locator("visible=true")
    .or(page.locator("[data-select-all]"))
    .first()
    .check();
  await person.button("mailing-save").click();
  await person.sendNow(10);
  await person.watchUntilSent();
  await page.reload();
  await expect(person.figure("run-sent")).toHaveText("10");
  await page.goto("/caught");
  const caught = (await page.locator(`td[data-label="${t("caught-to")}"]`).allInnerTexts()).sort();
  expect(caught).toEqual(readers.slice(19, 29).map((reader) => reader.email));
});
