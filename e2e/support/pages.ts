// Every page worth a look, with something on it.
import type { Person } from "./person";

/** Addresses of all main pages, by a name for each; the data behind them is made from the command line. */
export async function mainPages(person: Person): Promise<{ visitor: Pages; user: Pages }> {
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(50);
  const russian = person.language === "ru";
  await person.hasMailing(message, russian ? "Летний дайджест" : "Summer digest", false);
  const mailing = await person.hasMailing(message, russian ? "Осеннее меню" : "Autumn menu", true);
  return {
    visitor: {
      home: "/",
      login: "/login",
      register: "/register",
      recover: "/recover",
      blog: "/blog",
      contacts: "/contacts",
    },
    user: {
      dashboard: "/dashboard",
      recipients: "/recipients",
      "recipient-new": "/recipients/new",
      recipient: "/recipients/1",
      import: "/recipients/import",
      "import-result": "/recipients/imports/1",
      messages: "/messages",
      "message-new": "/messages/new",
      message: `/messages/${message}`,
      "message-edit": `/messages/${message}/edit`,
      mailings: "/mailings",
      "mailing-new": `/mailings/new?message=${message}`,
      mailing: `/mailings/${mailing}`,
      "mailing-edit": `/mailings/${mailing}/edit`,
      "mailing-disable": `/mailings/${mailing}/disable`,
      review: `/mailings/${mailing}/review`,
      "who-got-it": `/mailings/${mailing}/recipients`,
      attempts: `/mailings/${mailing}/attempts`,
      reports: "/reports",
      "mailing-report": `/mailings/${mailing}/report`,
      "reports-year": "/reports?period=year",
      "reports-none": "/reports?from=2020-01-01&to=2020-01-31",
      caught: "/caught",
      letter: "/caught/1",
      settings: "/settings",
      "settings-security": "/settings/security",
      "two-factor": "/settings/two-factor",
      "settings-account": "/settings/account",
      leave: "/settings/account/delete",
    },
  };
}

/**
 * The same for those who watch over others: `chief`, an administrator who is signed in, has blocked someone, disabled a
 * mailing of `person` and made a group.
 */
export async function managePages(person: Person, chief: Person): Promise<Pages> {
  const { page, language, watch } = chief;
  const russian = language === "ru";
  await person.hasAccount();
  const message = await person.hasRecipientsAndMessage(20);
  const autumn = await person.hasMailing(message, russian ? "Осеннее меню" : "Autumn menu", true);
  const long = russian
    ? "Приглашение на открытие второй кофейни на Большой Никитской улице"
    : "An invitation to the opening of our second coffee house in Nikitskaya Street";
  const disabled = await person.hasMailing(message, long, false);
  await person.hasAccount("konstantinopolskaya.anastasia@marketing-department.example.org");

  const id = async (email: string) => {
    await chief.open(`/manage/users?q=${encodeURIComponent(email)}`);
    return (await page.locator("tbody .row-link").first().getAttribute("href")) ?? "";
  };
  const [owner, blocked] = [await id(person.email), await id("konstantinopolskaya")];
  const why = async (address: string, reason: string) => {
    await chief.open(address);
    await page.locator("#reason").fill(reason);
    await page.locator("main button.btn-danger").click();
    await page.locator(".note-ok").waitFor();
    await watch.check();
  };
  await why(
    `${blocked}/block`,
    russian ? "Рассылала незнакомым людям без их согласия" : "Mailed strangers who had not agreed to it",
  );
  await why(
    `/manage/mailings/${disabled}/disable`,
    russian ? "В письме старый адрес кофейни" : "The letter has the old address of the coffee house",
  );
  await chief.open("/manage/groups/new");
  await page.locator("#name").fill(russian ? "Аудитор" : "Auditor");
  for (const may of ["view_audit", "view_mailings"]) await page.locator(`#permission-${may}`).check();
  await page.locator("main button.btn-primary").click();
  await page.locator(".note-ok").waitFor();
  await watch.check();
  const group = (await page.locator("tbody .row-link").last().getAttribute("href")) ?? "";
  return {
    users: "/manage/users",
    "users-none": "/manage/users?q=nobody",
    user: owner,
    report: `${owner}/report`,
    "report-none": `${blocked}/report?period=year`,
    "user-blocked": blocked,
    "user-new": "/manage/users/new",
    block: `${owner}/block`,
    delete: `${owner}/delete`,
    mailings: "/manage/mailings",
    "mailings-of-one": `/manage/mailings?owner=${owner.split("/").pop()}`,
    mailing: `/manage/mailings/${autumn}`,
    "mailing-report": `/manage/mailings/${autumn}/report`,
    "mailing-disabled": `/manage/mailings/${disabled}`,
    "mailing-disable": `/manage/mailings/${autumn}/disable`,
    recipients: "/manage/recipients",
    groups: "/manage/groups",
    group,
    "group-builtin": "/manage/groups/2",
    "group-new": "/manage/groups/new",
    "group-delete": `${group}/delete`,
    feedback: "/manage/feedback",
    caches: "/manage/caches",
    articles: "/manage/articles",
    "article-new": "/manage/articles/new",
    settings: "/manage/settings",
    audit: "/manage/audit",
    "audit-blocked": "/manage/audit?action=user_blocked",
  };
}

type Pages = Record<string, string>;
