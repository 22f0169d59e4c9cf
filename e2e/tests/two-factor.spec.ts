// The second factor: set up, asked for at login, stood in for by a recovery code, switched off; and reset for someone who
// has lost the phone.
import { readFile } from "node:fs/promises";
import { Authenticator } from "../support/authenticator";
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

test("an app is set up, asked for, stood in for, and switched off", async ({
  app: product,
  page,
  person,
  watch,
  t,
}) => {
  watch.expect(422);
  await person.register();
  await person.logIn();
  await person.confirmAddress();
  const section = page.locator("#two-factor");
  let app: Authenticator;
  let codes: string[] = [];

  await test.step("set up", async () => {
    await person.open("/settings");
    await person.link("settings-security").click();
    await expect(person.link("settings-security")).toHaveAttribute("aria-current", "page");
    await expect(section.locator(".status")).toHaveText(t("factor-is-off"));
    await person.link("factor-set-up").click();
    await expect(person.heading(t("factor-ask-start-title"))).toBeVisible();
    await look(person);
    await person.field("settings-password-current").fill("not the password");
    await person.button("factor-ask-start-submit").click();
    await expect(page.locator("#current-error")).toHaveText(t("problem-password-wrong"));
    await person.field("settings-password-current").fill(person.password);
    await person.button("factor-ask-start-submit").click();

    await expect(person.heading(t("factor-app-title"))).toBeVisible();
    await expect(page.getByRole("img", { name: t("factor-qr") })).toBeVisible();
    await look(person);
    const secret = await page.locator("#secret").innerText();
    expect(secret).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
    expect(await person.link("factor-app-here").getAttribute("href")).toContain(secret.replaceAll(" ", ""));
    await person.field("field-code").fill("000000");
    await person.button("factor-app-submit").click();
    await expect(page.locator("#code-error")).toHaveText(t("problem-code-wrong"));
    await expect(page.locator("#secret"), "the picture stays the same").toHaveText(secret);
    await look(person);
    app = new Authenticator(secret, product);
    await person.field("field-code").fill(await app.code());
    await person.button("factor-app-submit").click();
  });

  await test.step("keep the recovery codes", async () => {
    await expect(person.heading(t("factor-codes"))).toBeVisible();
    await look(person);
    codes = await page.locator("#codes li").allInnerTexts();
    expect(codes).toHaveLength(10);
    const waiting = page.waitForEvent("download");
    await person.link("factor-codes-download").click();
    const file = await waiting;
    expect(file.suggestedFilename()).toBe(t("factor-codes-file"));
    const kept = await readFile(await file.path(), "utf8");
    expect(kept.split("\r\n")).toEqual([
      t("factor-codes-of", { service: t("product-name"), email: person.email }),
      "",
      ...codes,
      "",
    ]);
    await person.link("factor-codes-kept").click();
    await expect(section.locator(".status")).toHaveText(t("factor-is-on"));
    await expect(section).toContainText(t("factor-codes-left", { n: 10 }));
    await look(person);
  });

  await test.step("log in with a code of the app", async () => {
    await person.logOut();
    await person.givePassword();
    await expect(person.heading(t("login-code-title"))).toBeVisible();
    await expect(person.field("field-code")).toBeFocused();
    await look(person);
    await page.goto("/dashboard");
    await expect(page, "the password alone opens nothing").toHaveURL(/\/login\?next=/);
    await person.givePassword();
    await person.field("field-code").fill("000000");
    await person.button("login-submit").click();
    await expect(page.locator("#code-error")).toHaveText(t("problem-code-wrong"));
    await look(person);
    await person.field("field-code").fill(await app.code());
    await person.button("login-submit").click();
    await expect(page).toHaveURL(/\/dashboard$/);
    await expect(person.note("flash-welcome", { name: person.name })).toBeVisible();
  });

  await test.step("log in with a recovery code", async () => {
    await person.logOut();
    await person.givePassword();
    await person.link("login-code-recovery").click();
    await expect(page.getByText(t("login-code-recovery-lead"))).toBeVisible();
    await look(person);
    await person.field("field-recovery-code").fill(codes[0]?.toUpperCase().replaceAll("-", " ") ?? "");
    await person.button("login-submit").click();
    await expect(page).toHaveURL(/\/dashboard$/);
    await expect(person.note("flash-welcome-recovery", { left: 9 })).toBeVisible();
    await person.open("/settings/security");
    await expect(section).toContainText(t("factor-codes-left", { n: 9 }));
  });

  await test.step("switch it off", async () => {
    await person.link("factor-off").click();
    await expect(person.heading(t("factor-ask-off-title"))).toBeVisible();
    await look(person);
    await person.field("settings-password-current").fill(person.password);
    await person.field("field-code").fill(codes[1] ?? "");
    await person.button("factor-ask-off-submit").click();
    await expect(person.note("flash-factor-off")).toBeVisible();
    await expect(section.locator(".status")).toHaveText(t("factor-is-off"));
    await person.logOut();
    await person.logIn();
    await person.open("/caught");
    for (const letter of ["letter-factor-on-subject", "letter-factor-off-subject"]) {
      await expect(page.getByRole("link", { name: t(letter), exact: true })).toBeVisible();
    }
  });
});

test("an administrator resets it for someone who has lost the phone", async ({
  person,
  another,
  watch,
  t,
}) => {
  await person.hasAccount();
  await person.logIn();
  await person.setUpTwoFactor();
  const chief = await another(...CHIEF);
  await chief.hasAccountOf("admin");
  await chief.logIn();
  await chief.goTo("manage-users");
  await chief.page.getByRole("row").filter({ hasText: person.email }).getByRole("link").click();
  await expect(chief.heading(person.name)).toBeVisible();
  await look(chief);
  await chief.link("manage-user-factor-reset").click();
  await expect(chief.heading(t("manage-factor-title", { name: person.name }))).toBeVisible();
  await look(chief);
  await chief.button("manage-user-factor-reset").click();
  await expect(chief.note("flash-user-factor-reset", { name: person.name })).toBeVisible();
  await expect(chief.link("manage-user-factor-reset")).toHaveCount(0);
  await chief.watch.check();

  await person.page.goto("/dashboard");
  await expect(person.page, "signed out").toHaveURL(/\/login/);
  await person.logIn();
  await person.openLetter(t("letter-factor-reset-subject"));
  await watch.check();
});
