// A person's own account: the profile, another address, all that is theirs, a forgotten password, and the end.
import { readFile } from "node:fs/promises";
import type { Person } from "../support/person";
import { expect, test } from "../support/test";

const CHIEF = ["irina@example.org", { ru: "Ирина", en: "Irene" }] as const;

/** The page as it is, in the light and in the dark. */
async function look({ page, watch }: Person): Promise<void> {
  await watch.check();
  await page.emulateMedia({ colorScheme: "dark" });
  await watch.check();
  await page.emulateMedia({ colorScheme: "light" });
}

/** Asks for another address on the page of the account. */
async function askFor(person: Person, email: string): Promise<void> {
  await person.field("account-address-new").fill(email);
  await person.field("settings-password-current").fill(person.password);
  await person.button("account-address-submit").click();
}

test("a person finds a password that is not guessed, and fills in the profile", async ({
  page,
  person,
  watch,
  language,
  t,
}) => {
  watch.expect(422);
  const russian = language === "ru";

  await test.step("a password that is guessed is refused, and the page says why", async () => {
    await person.open("/register");
    for (const [password, why] of [
      ["vestnik2026", "problem-password-own"],
      ["ghbdtn12345", "problem-password-common"],
      ["irjkflrf77", "problem-password-layout"],
      ["Северный ветер, семь чашек", ""],
    ] as const) {
      await person.field("field-email").fill(person.email);
      await person.field("field-name").fill(person.name);
      await person.field("field-password").fill(password);
      await person.button("register-submit").click();
      if (!why) continue;
      await expect(page.locator("#password-error")).toHaveText(t(why));
      await watch.check();
      await expect(person.field("field-password")).toHaveValue("");
    }
    await expect(person.heading(t("register-sent-title"))).toBeVisible();
    person.password = "Северный ветер, семь чашек";
    await person.logIn();
    await person.confirmAddress();
  });

  await test.step("the profile, with a picture", async () => {
    await person.open("/settings");
    await person.field("field-phone").fill("+7 912 345-67-89");
    await person.field("field-city").fill(russian ? "Омск" : "Omsk");
    await person.button("settings-save").click();
    await expect(person.note("flash-settings-saved")).toBeVisible();
    await expect(person.field("field-city")).toHaveValue(russian ? "Омск" : "Omsk");
    const picture = { name: "me.png", mimeType: "image/png", buffer: await page.screenshot() };
    await person.field("settings-avatar-file").setInputFiles(picture);
    await person.button("settings-avatar-save").click();
    await expect(person.note("flash-avatar-saved")).toBeVisible();
    const shown = page.getByRole("img", { name: t("settings-avatar-yours") });
    expect(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(256);
    await look(person);
  });
});

test("a person changes their address, and a forgotten password with it", async ({
  page,
  person,
  watch,
  t,
}) => {
  watch.expect(422);
  watch.expect(410);
  const address = page.locator(".page-head .sub");
  await person.hasAccount();
  await person.logIn();

  await test.step("another address, called off", async () => {
    await person.open("/settings");
    await person.link("settings-account").click();
    await expect(person.link("settings-account")).toHaveAttribute("aria-current", "page");
    await look(person);
    await askFor(person, person.email);
    await expect(page.locator("#email-error")).toHaveText(t("problem-address-same"));
    await look(person);
    await askFor(person, "olga@wrong.example");
    await expect(page.getByText(t("account-address-wanted", { email: "olga@wrong.example" }))).toBeVisible();
    await look(person);
    await person.button("account-address-withdraw").click();
    await expect(person.note("flash-address-withdrawn")).toBeVisible();
    await expect(page.locator(".alert-info")).toHaveCount(0);
  });

  await test.step("another address, by the link in its letter", async () => {
    const before = person.email;
    await askFor(person, "olga@new.example");
    await expect(person.note("flash-address-asked", { email: "olga@new.example" })).toBeVisible();
    await expect(address).toContainText(before);
    await person.openLetter("olga@new.example");
    await expect(person.heading(t("letter-new-address-subject"))).toBeVisible();
    const link = await person.followLink("/confirm/address/");
    await expect(page.getByText(t("new-address-text", { email: "olga@new.example", before }))).toBeVisible();
    await look(person);
    await person.button("new-address-submit").click();
    await expect(person.note("flash-address-changed", { email: "olga@new.example" })).toBeVisible();
    await expect(address).toContainText("olga@new.example");
    await watch.check();
    await page.goto(link);
    await expect(person.heading(t("new-address-gone-title"))).toBeVisible();
    await look(person);
    await person.openLetter(t("letter-address-changed-subject"));
    await expect(page.getByText(before).first()).toBeVisible();
    person.email = "olga@new.example";
  });

  await test.step("a forgotten password, with the new address", async () => {
    await person.open("/dashboard");
    await person.logOut();
    await person.link("login-forgot").click();
    await person.field("field-email").fill(person.email);
    await person.button("recover-submit").click();
    await person.openLetter(t("letter-recover-subject"));
    await person.followLink("/recover/");
    await person.field("settings-password-new").fill("olga2026-olga");
    await person.button("recover-new-submit").click();
    await expect(page.locator("#password-error")).toHaveText(t("problem-password-own"));
    person.password = "пять чашек какао";
    await person.field("settings-password-new").fill(person.password);
    await person.button("recover-new-submit").click();
    await expect(page).toHaveURL(/\/dashboard$/);
    await person.logOut();
    await person.logIn();
  });
});

test("a person takes along all that is theirs, and leaves", async ({ page, person, watch, t }) => {
  watch.expect(422);
  await person.hasAccount();
  await person.hasRecipientsAndMessage(5);
  await person.logIn();

  await test.step("all that is theirs", async () => {
    await person.open("/settings/account");
    const waiting = page.waitForEvent("download");
    await person.button("account-export-submit").click();
    const file = await waiting;
    expect(file.suggestedFilename()).toMatch(/^vestnik-\d{4}-\d\d-\d\d\.zip$/);
    const archive = await readFile(await file.path());
    expect(archive.subarray(0, 4).toString("latin1")).toBe("PK\u0003\u0004");
    // The list of its files is at the end, in the clear.
    for (const name of ["README.txt", "profile.json", "recipients.csv", "attempts.csv"]) {
      expect(archive.lastIndexOf(name)).toBeGreaterThan(archive.length - 2_000);
    }
    await watch.check();
  });

  await test.step("the end", async () => {
    await person.link("account-leave-ask").click();
    await expect(person.heading(t("leave-title"))).toBeVisible();
    await expect(person.figure("nav-recipients")).toHaveText("5");
    await look(person);
    await person.field("leave-email").fill("someone@example.org");
    await person.field("settings-password-current").fill("not the password");
    await person.button("leave-submit").click();
    await expect(page.locator("#email-error")).toHaveText(t("problem-address-not-own"));
    await expect(page.locator("#current-error")).toHaveText(t("problem-password-wrong"));
    await look(person);
    await person.field("leave-email").fill(person.email);
    await person.field("settings-password-current").fill(person.password);
    await person.button("leave-submit").click();
    await expect(person.heading(t("goodbye-title"))).toBeVisible();
    await look(person);
    await page.goto("/dashboard");
    await expect(page).toHaveURL(/\/login/);
    await person.givePassword();
    await expect(page.getByRole("alert")).toContainText(t("problem-login-wrong"));
    await person.openLetter(t("letter-goodbye-subject"));
    await expect(page.locator("main pre")).toContainText(t("letter-hello", { name: person.name }));
  });
});

test("an address of someone else's looks like any other, and its holder is told", async ({
  page,
  person,
  another,
  t,
}) => {
  await person.hasAccount();
  await person.hasAccount("boris@example.org");
  await person.logIn();
  await person.open("/settings/account");
  await askFor(person, "boris@example.org");
  await expect(person.note("flash-address-asked", { email: "boris@example.org" })).toBeVisible();
  await expect(page.getByText(t("account-address-wanted", { email: "boris@example.org" }))).toBeVisible();
  const boris = await another("boris@example.org", { ru: "Борис", en: "Boris" });
  await boris.openLetter("boris@example.org");
  await expect(boris.heading(t("letter-address-taken-subject"))).toBeVisible();
  await expect(boris.page.locator("main pre")).not.toContainText(person.email);
});

test("the last administrator is told why they cannot go", async ({ another, t }) => {
  const chief = await another(...CHIEF);
  await chief.hasAccountOf("admin");
  await chief.logIn();
  await chief.open("/settings/account/delete");
  await expect(chief.page.getByText(t("leave-last-title"))).toBeVisible();
  await expect(chief.button("leave-submit")).toHaveCount(0);
  await look(chief);
  await chief.link("leave-last-users").click();
  await expect(chief.heading(t("manage-users"))).toBeVisible();
});
