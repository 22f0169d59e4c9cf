// Reports: with figures, over other days, with mistakes, before a manager, on paper.
import path from "node:path";
import { test } from "../support/test";

const folder = process.env.VESTNIK_SCREENSHOTS ?? "";

test.use({ hasMailServer: true, undoDelay: "1s" });

test("reports", async ({ page, person, another, mailServer, watch, t }, info) => {
  watch.expect(422);
  const shoot = async (name: string, at = page) => {
    await at.locator("[data-note]").evaluateAll((notes) => notes.forEach((note) => note.remove()));
    const file = path.join(folder, info.project.name, `report-${name}.png`);
    await at.screenshot({ path: file, fullPage: true });
  };
  mailServer.answers = (command, address) =>
    command === "RCPT" && /reader[01]\d[147]@/.test(address) ? "550 5.1.1 No such user" : "250 2.0.0 OK";
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(200);
  const russian = person.language === "ru";
  const names = russian
    ? ["Осеннее меню", "Приглашение на открытие второй кофейни на Большой Никитской улице"]
    : ["Autumn menu", "An invitation to the opening of our second coffee house in Nikitskaya Street"];
  await person.logIn();
  await page.goto("/dashboard");
  await shoot("0-first-steps");
  await page.goto("/reports");
  await shoot("1-empty");
  let last = "";
  for (const name of names) {
    const mailing = await person.hasMailing(message, name, false);
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(200);
    last = mailing;
    await page
      .locator("main [role=status]")
      .filter({ hasText: t("mailing-status-completed") })
      .waitFor();
  }
  // Summed up a moment after its end.
  await page.waitForTimeout(5_000);
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 800 };
  for (const [name, address] of [
    ["2-month", "/reports"],
    ["3-week", "/reports?period=7"],
    ["4-year", "/reports?period=year"],
    ["5-mistake", "/reports?from=2026-02-30&to=2020-01-01"],
    ["6-none", "/reports?from=2020-01-01&to=2020-01-31"],
    ["7-overview", "/dashboard"],
    ["11-mailing", `/mailings/${last}/report`],
  ] as const) {
    await page.goto(address);
    await shoot(name);
  }
  await page.goto("/reports?period=7");
  await page
    .locator("summary")
    .filter({ hasText: t("chart-table") })
    .first()
    .click();
  await shoot("8-table");
  await page.goto("/reports");
  await page.emulateMedia({ media: "print" });
  // A4 without its margins.
  await page.setViewportSize({ width: 680, height: 1000 });
  await shoot("9-paper");
  await page.emulateMedia({ media: "screen" });
  await page.setViewportSize({ width, height });

  const manager = await another("irina@example.org", { ru: "Ирина Воскресенская", en: "Irene Holloway" });
  await manager.hasAccountOf("manager");
  await manager.logIn();
  await manager.page.goto("/manage/users/1/report");
  await shoot("10-manager", manager.page);
  await manager.page.goto(`/manage/mailings/${last}/report`);
  await shoot("12-manager-mailing", manager.page);
});
