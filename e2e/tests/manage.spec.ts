// Those who watch over others, and those who run the installation: what they see and do, and what the others feel of it.
import { LOOK, type Person } from "../support/person";
import { expect, test } from "../support/test";

const MANAGER = ["marina@example.org", { ru: "Марина", en: "Marina" }] as const;
const CHIEF = ["irina@example.org", { ru: "Ирина", en: "Irene" }] as const;

/** Opens someone's page from the list of users. */
async function openUser(watcher: Person, user: Person): Promise<void> {
  await watcher.goTo("manage-users");
  await watcher.page.getByRole("row").filter({ hasText: user.email }).getByRole("link").click();
  await expect(watcher.heading(user.name)).toBeVisible();
  await watcher.watch.check();
}

test.describe("while a mailing goes out", () => {
  test.use({ hasMailServer: true });

  test("a manager blocks its owner: sending stops, the owner is out and reads why", async ({
    page,
    person,
    another,
    mailServer,
    watch,
    language,
    t,
  }) => {
    mailServer.takeOnly(20);
    // Their page follows a stream, which ends with their session.
    watch.expect(401);
    const received = () => mailServer.taken.filter((address) => address.startsWith("reader")).length;
    const reason = language === "ru" ? "Письма <чужим> людям" : "Letters to <strangers>";
    await person.hasAccount();
    const name = language === "ru" ? "Осеннее меню" : "Autumn menu";
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(300), name, false);
    await person.logIn();
    const manager = await another(...MANAGER);
    await manager.hasAccountOf("manager");
    await manager.logIn();

    await page.goto(`/mailings/${mailing}/review`);
    await person.sendNow(300);
    await expect.poll(received).toBe(20);
    await openUser(manager, person);
    await manager.link("manage-user-block").click();
    await expect(manager.heading(t("manage-block-title", { name: person.name }))).toBeVisible();
    await manager.watch.check();
    await manager.field("mailing-disable-reason").fill(reason);
    await manager.button("manage-user-block").click();
    await expect(manager.note("flash-user-blocked", { name: person.name })).toBeVisible();
    await expect(manager.page.locator("h1 .status")).toHaveText(t("manage-user-blocked"));
    await expect(manager.page.getByText(t("mailing-disabled-reason", { reason }))).toBeVisible();
    await manager.watch.check();

    // What was being handed over ends, and the person is written to; the server would take all others as well.
    mailServer.takeAll();
    // Once cancelled for good, nothing of it is under way.
    await expect(async () => {
      await manager.page.goto(`/manage/mailings/${mailing}`);
      const run = manager.page.locator("tbody .status");
      await expect(run).toHaveText(t("run-state-cancelled"), { timeout: LOOK });
    }).toPass();
    const stopped = received();
    expect(stopped).toBeLessThan(300);
    await manager.watch.check();

    await page.goto("/dashboard");
    await expect(page).toHaveURL(/\/login/);
    await expect(person.heading(t("login-title"))).toBeVisible();
    await watch.check();
    watch.expect(422);
    await person.field("field-email").fill(person.email);
    await person.field("field-password").fill(person.password);
    await person.button("login-submit").click();
    await expect(page.getByRole("alert")).toContainText(t("problem-login-blocked-why", { reason }));
    await watch.check();

    await openUser(manager, person);
    await manager.button("manage-user-unblock").click();
    await expect(manager.note("flash-user-unblocked", { name: person.name })).toBeVisible();
    await expect(manager.page.locator("h1 .status")).toHaveText(t("manage-user-active"));
    await manager.watch.check();
    await person.logIn();
    await person.open("/mailings");
    await expect(page.locator("tbody tr")).toContainText(t("mailing-disabled"));
    await page.getByRole("link", { name, exact: true }).click();
    await expect(person.button("mailing-enable")).toBeVisible();
    await watch.check();
    expect(received(), "nothing goes on by itself").toBe(stopped);
  });
});

test("a manager sees everything and disables a mailing, which its owner cannot undo", async ({
  page,
  person,
  another,
  watch,
  language,
  t,
}) => {
  const name = language === "ru" ? "Летний дайджест" : "Summer digest";
  const reason = language === "ru" ? "Старые цены" : "Old prices";
  await person.hasAccount();
  const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(3), name, true);
  const manager = await another(...MANAGER);
  await manager.hasAccountOf("manager");
  await manager.logIn();
  const at = manager.page;

  await test.step("everyone's users, recipients and mailings", async () => {
    expect(await manager.managedSections()).toEqual(
      ["manage-users", "manage-mailings", "manage-recipients"].map((id) => t(id)),
    );
    await at.reload();
    await openUser(manager, person);
    await expect(manager.figure("nav-recipients")).toHaveText("3");
    await expect(manager.figure("figure-sent")).toHaveText("3");
    await manager.goTo("manage-recipients");
    await expect(at.locator("tbody tr")).toHaveCount(3);
    await at.getByRole("searchbox").fill("READER002");
    await manager.button("manage-search").click();
    await expect(at.locator("tbody tr")).toHaveCount(1);
    await expect(at.locator("tbody tr")).toContainText(person.email);
    await manager.goTo("manage-mailings");
    await at.getByRole("link", { name, exact: true }).click();
    await expect(manager.heading(name)).toBeVisible();
    await expect(at.locator("main")).toContainText(person.email);
    await manager.watch.check();
  });

  await test.step("to look at, not to change", async () => {
    await expect(at.locator("main a[href$='/edit'], main a[href$='/delete']")).toHaveCount(0);
    manager.watch.expect(403);
    for (const path of [`/mailings/${mailing}/edit`, `/mailings/${mailing}`, "/recipients/1"]) {
      await manager.open(path);
      await expect(manager.heading(t("error-others-title"))).toBeVisible();
      await expect(at.getByText(t("error-others-text"))).toBeVisible();
    }
  });

  await test.step("disabled by the manager", async () => {
    await manager.open(`/manage/mailings/${mailing}`);
    await manager.link("mailing-disable").click();
    await expect(manager.heading(t("mailing-disable-title", { name }))).toBeVisible();
    await manager.watch.check();
    await manager.field("mailing-disable-reason").fill(reason);
    await manager.button("mailing-disable-do").click();
    await expect(manager.note("flash-mailing-off")).toBeVisible();
    await expect(at.getByText(t("manage-disabled-by-manager"))).toBeVisible();
    await manager.watch.check();
  });

  await test.step("its owner reads why and has no way to enable it", async () => {
    await person.logIn();
    await person.open(`/mailings/${mailing}`);
    await expect(page.getByText(t("mailing-disabled-reason", { reason }))).toBeVisible();
    await expect(page.getByText(t("mailing-disabled-by-manager"))).toBeVisible();
    await expect(person.button("mailing-enable")).toHaveCount(0);
    await expect(person.link("mailing-send-now")).toHaveCount(0);
    await person.open(`/mailings/${mailing}/review`);
    await expect(page.getByText(t("check-disabled"))).toBeVisible();
  });

  await test.step("enabled by the manager", async () => {
    await manager.button("mailing-enable").click();
    await expect(manager.note("flash-mailing-on")).toBeVisible();
    await manager.watch.check();
    await person.open(`/mailings/${mailing}`);
    await expect(page.getByText(t("mailing-disabled-reason", { reason }))).toHaveCount(0);
    await watch.check();
  });
});

test("an administrator makes a group of auditors, who see what it allows and nothing else", async ({
  page,
  person,
  another,
  watch,
  language,
  t,
}) => {
  const auditors = language === "ru" ? "Аудитор" : "Auditor";
  await person.hasAccount();
  const chief = await another(...CHIEF);
  await chief.hasAccountOf("admin");
  await chief.logIn();

  await chief.goTo("manage-groups");
  await chief.link("manage-group-new").click();
  await expect(chief.heading(t("manage-group-new"))).toBeVisible();
  await chief.watch.check();
  await chief.field("manage-group-name").fill(auditors);
  await chief.field("permission-view_audit").check();
  await chief.field("permission-view_mailings").check();
  await chief.button("manage-group-save").click();
  await expect(chief.note("flash-group-saved", { name: auditors })).toBeVisible();
  const group = chief.page.getByRole("row").filter({ hasText: auditors });
  await expect(group.getByRole("listitem")).toHaveText(
    ["view_mailings", "view_audit"].map((may) => t(`permission-${may}`)),
  );
  await openUser(chief, person);
  await chief.page.getByLabel(auditors, { exact: true }).check();
  await chief.button("manage-user-groups-save").click();
  await expect(chief.note("flash-user-groups")).toBeVisible();
  await expect(chief.page.getByLabel(auditors, { exact: true })).toBeChecked();
  await chief.watch.check();

  await person.logIn();
  expect(await person.managedSections()).toEqual([t("manage-mailings"), t("manage-audit")]);
  watch.expect(403);
  for (const path of ["/manage/users", "/manage/recipients", "/manage/groups", "/manage/users/new"]) {
    await person.open(path);
    await expect(person.heading(t("error-403-title"))).toBeVisible();
  }
  await person.goTo("manage-mailings");
  await person.goTo("manage-audit");
  const entries = page.locator("tbody tr").filter({ hasText: chief.email });
  const made = entries.filter({ hasText: t("audit-group_created") });
  await expect(made).toContainText(auditors);
  await expect(made).toContainText(t("permission-view_audit"));
  const given = entries.filter({ hasText: t("audit-groups_set") });
  await expect(given).toContainText(person.email);
  await expect(given).toContainText(auditors);

  await person.field("audit-column-action").selectOption({ label: t("audit-groups_set") });
  await person.button("show").click();
  await expect(page.locator("tbody tr")).toHaveCount(1);
  await watch.check();
  const [, ...rows] = await person.download("attempts-csv");
  expect(rows).toHaveLength(1);
  expect(rows[0]).toEqual(expect.arrayContaining([chief.email, "groups_set", person.email]));
});

test("an administrator invites someone, who sets a password and begins", async ({ another, t }) => {
  const chief = await another(...CHIEF);
  await chief.hasAccountOf("admin");
  await chief.logIn();
  const guest = await another("nina@example.org", { ru: "Нина", en: "Nina" });

  await chief.goTo("manage-users");
  await chief.link("manage-user-new").click();
  await expect(chief.heading(t("manage-user-new"))).toBeVisible();
  await chief.watch.check();
  await chief.field("field-email").fill(guest.email);
  await chief.field("field-name").fill(guest.name);
  await chief.field("manage-user-group").selectOption({ label: t("group-managers") });
  await chief.button("manage-user-invite").click();
  await expect(chief.note("flash-user-invited", { email: guest.email })).toBeVisible();
  await expect(chief.heading(guest.name)).toBeVisible();
  await chief.watch.check();

  await guest.openLetter(guest.email);
  await expect(guest.heading(t("letter-invite-subject"))).toBeVisible();
  await guest.followLink("/recover/");
  await expect(guest.heading(t("recover-first-title"))).toBeVisible();
  await guest.field("settings-password-new").fill(guest.password);
  await guest.button("recover-new-submit").click();
  await expect(guest.page).toHaveURL(/\/dashboard$/);
  await guest.watch.check();
  await guest.logOut();
  await guest.logIn();
  await guest.goTo("manage-users");
});
