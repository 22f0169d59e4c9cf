// What was sent and what was not: in a person's own report, on their overview, in files, and before a manager.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { LOOK, type Person } from "../support/person";
import { expect, test } from "../support/test";
import type { Words } from "../support/words";

test.use({ hasMailServer: true });

const SENT = 17;
const REFUSED = 3;

/** The day that it is where these people live. */
const today = () => new Intl.DateTimeFormat("sv-SE", { timeZone: "Europe/Moscow" }).format(new Date());

/** What the link to a mailing's report is called. */
const reportOf = (t: Words, name: string) => new RegExp(`^${t("report-of-mailing")} ?: ${name}$`);

/** The bars of a drawing. */
const bars = (page: Page, name: string) => page.getByRole("img", { name, exact: true }).locator("g");

/** The figures in large of the report that is open, and the drawing with its table. */
async function seesReport({ page, watch }: Person, t: Words, name: string, address: string): Promise<void> {
  const figure = (id: string) => {
    const term = page.getByRole("term").filter({ hasText: new RegExp(`^${t(id)}$`) });
    return page.locator("dl.figures > div").filter({ has: term }).locator("dd.figure");
  };
  await expect(figure("figure-sent")).toHaveText(String(SENT));
  await expect(figure("figure-attempts-ok")).toHaveText(String(SENT));
  await expect(figure("figure-attempts-failed")).toHaveText(String(REFUSED));
  await expect(figure("figure-share")).toHaveText("85%");
  await expect(figure("figure-mailings")).toHaveText("1");

  const drawing = page.getByRole("img", { name: t("chart-by-day"), exact: true });
  await expect(drawing).toBeVisible();
  await expect(drawing).toHaveAccessibleDescription(new RegExp(`${SENT}.*${REFUSED}`));
  await expect(drawing.locator("g")).toHaveCount(30);
  const bar = drawing.locator("g").last();
  await expect(bar.locator("title")).toHaveText(new RegExp(`${SENT}.*${REFUSED}`));
  const [lower, upper] = await bar
    .locator("rect:not(.chart-place)")
    .evaluateAll((rects) => rects.map((rect) => rect.getBoundingClientRect()))
    .then((boxes) => boxes.map(({ top, bottom, height }) => ({ top, bottom, height })));
  expect(Math.round(lower!.top), "what was refused stands on what was sent").toBe(Math.round(upper!.bottom));
  expect(lower!.height / upper!.height).toBeCloseTo(SENT / REFUSED, 0);

  await page
    .locator("summary")
    .filter({ hasText: t("chart-table") })
    .first()
    .click();
  const table = page.getByRole("table", { name: t("chart-by-day") });
  const numbers = [SENT, REFUSED, SENT, REFUSED].map(String);
  await expect(table.locator("tbody tr")).toHaveCount(30);
  await expect(table.locator("tbody tr").last().locator("td")).toHaveText(numbers);
  await expect(table.locator("tbody tr").first().locator("td")).toHaveText(["0", "0", "0", "0"]);
  await expect(table.locator("tfoot td")).toHaveText(numbers);
  await watch.check();

  const mailings = page.getByRole("table", { name: t("reports-mailings") });
  await expect(mailings.locator("tbody tr")).toHaveCount(1);
  await expect(mailings.getByRole("link", { name, exact: true })).toHaveAttribute("href", address);
  for (const row of [mailings.locator("tbody tr"), mailings.locator("tfoot tr")]) {
    await expect(row.getByRole("cell").nth(0)).toHaveText(String(SENT));
    await expect(row.getByRole("cell").nth(1)).toHaveText(String(REFUSED));
    await expect(row.getByRole("cell").nth(4)).toHaveText("85%");
  }
}

/** When letters went out, to whom, and why some did not; the engine sums that up when the sending is over. */
async function seesWhy({ page, watch }: Person, t: Words): Promise<void> {
  await expect(bars(page, t("chart-by-hour"))).toHaveCount(24);
  await expect(bars(page, t("chart-by-weekday"))).toHaveCount(7);
  await seesReasons(page, t);
  await watch.check();
}

async function seesReasons(page: Page, t: Words): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("table", { name: t("breakdown-domains") })).toBeVisible({ timeout: LOOK });
  }).toPass();
  const domains = page.getByRole("table", { name: t("breakdown-domains") });
  await expect(domains.locator("tbody tr").getByRole("cell").nth(0)).toHaveText(String(SENT));
  await expect(domains.locator("tbody tr").getByRole("cell").nth(1)).toHaveText(String(REFUSED));
  const reasons = page.getByRole("table", { name: t("breakdown-reasons", { n: REFUSED }) });
  await expect(reasons.getByText(t("reason-no-address"), { exact: true })).toBeVisible();
  await expect(reasons.getByText("550 5.1.1 No such user")).toBeVisible();
  await expect(reasons.locator("tbody tr").getByRole("cell").last()).toHaveText(String(REFUSED));
}

/** A mailing's sendings side by side: there is one. */
async function seesRuns(person: Person, t: Words, name: string): Promise<void> {
  const { page, watch } = person;
  await expect(person.heading(t("report-of", { name }))).toBeVisible();
  const runs = page.getByRole("table", { name: t("mailing-report-runs") });
  await expect(runs.locator("tbody tr")).toHaveCount(1);
  await expect(runs.locator("tbody tr").getByRole("cell").nth(0)).toHaveText(String(SENT));
  await expect(runs.locator("tbody tr").getByRole("cell").nth(4)).toHaveText("85%");
  await seesReasons(page, t);
  await watch.check();
}

/** Both files say what the page says. */
async function downloads(person: Person, name: string): Promise<void> {
  const [head, ...days] = await person.download("report-days-csv");
  expect(head).toHaveLength(9);
  expect(days).toHaveLength(30);
  expect(days.at(-1)).toEqual([today(), ...[SENT, REFUSED, 0, 0, 0, 0, SENT, REFUSED].map(String)]);
  const [, ...mailings] = await person.download("report-mailings-csv");
  expect(mailings).toHaveLength(1);
  expect(mailings[0]).toEqual(expect.arrayContaining([name, String(SENT), String(REFUSED)]));
  const waiting = person.page.waitForEvent("download");
  await person.link("report-workbook").click();
  const workbook = await readFile(await (await waiting).path());
  expect(workbook.subarray(0, 2).toString()).toBe("PK");
}

test("a person's report, and the same before a manager", async ({
  page,
  person,
  another,
  mailServer,
  watch,
  language,
  t,
}) => {
  mailServer.answers = (command, address) =>
    command === "RCPT" && /reader0(03|07|11)@/.test(address) ? "550 5.1.1 No such user" : "250 2.0.0 OK";
  const name = language === "ru" ? "Осеннее меню" : "Autumn menu";
  await person.hasAccount();
  const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(SENT + REFUSED), name, false);

  await test.step("nothing at first", async () => {
    await person.logIn();
    await person.goTo("nav-reports");
    await expect(page.getByText(t("reports-empty-text"))).toBeVisible();
    await expect(page.getByRole("img")).toHaveCount(0);
  });

  await test.step("after a mailing that some refuse", async () => {
    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(SENT + REFUSED);
    await person.watchUntilSent();
    await person.goTo("nav-reports");
    await seesReport(person, t, name, `/mailings/${mailing}`);
    await seesWhy(person, t);
    await downloads(person, name);
    await page.getByRole("link", { name: reportOf(t, name) }).click();
    await seesRuns(person, t, name);
    await page.goto(`/mailings/${mailing}`);
    await expect(person.link("mailing-report")).toHaveAttribute("href", `/mailings/${mailing}/report`);
    await person.open("/dashboard");
    await expect(page.getByText(t("reason-no-address"), { exact: true })).toBeVisible();
    await expect(page.getByText(t("figure-sent-month", { n: SENT }))).toBeVisible();
    await expect(page.getByRole("img", { name: t("chart-by-day"), exact: true })).toBeVisible();
  });

  await test.step("of other days", async () => {
    await person.link("dashboard-report").click();
    await person.link("report-period-7").click();
    await expect(bars(page, t("chart-by-day"))).toHaveCount(7);
    await expect(person.link("report-period-7")).toHaveAttribute("aria-current", "true");
    await watch.check();
    await person.link("report-period-year").click();
    await expect(page.getByRole("img", { name: t("chart-by-week"), exact: true })).toBeVisible();
    await watch.check();
    await person.field("report-from").fill("2020-02-01");
    await person.field("report-to").fill("2020-02-29");
    await person.button("show").click();
    await expect(page.getByText(t("report-none-title"))).toBeVisible();
    await watch.check();
    await person.link("report-none-show").click();
    await expect(bars(page, t("chart-by-day"))).toHaveCount(30);

    watch.expect(422);
    await person.field("report-from").fill("2020-03-02");
    await person.field("report-to").fill("2020-03-01");
    await person.button("show").click();
    await expect(page.getByRole("alert")).toContainText(t("problem-period-order"));
    await expect(person.field("report-from")).toHaveValue("2020-03-02");
    await expect(person.field("report-to")).toHaveAccessibleDescription(t("problem-period-order"));
    await watch.check();
  });

  await test.step("before a manager, who has sent nothing", async () => {
    const manager = await another("marina@example.org", { ru: "Марина", en: "Marina" });
    await manager.hasAccountOf("manager");
    await manager.logIn();
    await manager.goTo("manage-users");
    await manager.page.getByRole("row").filter({ hasText: person.email }).getByRole("link").click();
    await manager.link("report-link").click();
    await expect(manager.heading(t("report-of", { name: person.name }))).toBeVisible();
    await manager.watch.check();
    await seesReport(manager, t, name, `/manage/mailings/${mailing}`);
    await downloads(manager, name);
    await manager.page.getByRole("link", { name: reportOf(t, name) }).click();
    await seesRuns(manager, t, name);
    await manager.goTo("nav-reports");
    await expect(manager.page.getByText(t("reports-empty-text"))).toBeVisible();
  });

  await test.step("and before nobody else", async () => {
    watch.expect(403);
    await person.open("/manage/users/1/report");
    await expect(person.heading(t("error-403-title"))).toBeVisible();
  });
});

test("what to do first is ticked off", async ({ page, person, watch, t }) => {
  const step = (name: string) => page.getByRole("listitem").filter({ hasText: t(`start-${name}`) });
  await person.hasAccount();
  await person.logIn();
  await person.open("/dashboard");
  await expect(step("confirm")).toContainText(t("start-done"));
  await expect(step("recipients")).not.toContainText(t("start-done"));
  await expect(person.link("start-recipients-do")).toHaveClass(/btn-primary/);
  await watch.check();
  const message = await person.hasRecipientsAndMessage(2);
  await person.open("/dashboard");
  await expect(step("message")).toContainText(t("start-done"));
  await expect(person.link("start-mailing-do")).toHaveClass(/btn-primary/);
  const mailing = await person.hasMailing(message, "First", false);
  await person.open("/dashboard");
  await person.link("start-send-do").click();
  await expect(page).toHaveURL(new RegExp(`/mailings/${mailing}/review$`));
});
