// The first start, and the settings that come of it.
import { expect, test } from "../support/test";

test("whoever started the service makes the first administrator and chooses the mail server", async ({
  app,
  person,
  page,
  mailServer,
  watch,
  language,
  t,
}) => {
  const name = language === "ru" ? "Ромашка" : "Daisy";
  await page.goto("/");
  await expect(page.getByText(t("home-not-set-up"))).toBeVisible();
  await watch.check();

  const link = await app.setupPath();
  await page.goto(link);
  await expect(person.heading(t("setup-title"))).toBeVisible();
  await expect(person.field("setting-time_zone"), "the browser's time zone").toHaveValue("Europe/Moscow");
  await watch.check();
  await person.field("field-email").fill(person.email);
  await person.field("field-name").fill(person.name);
  await person.field("field-password").fill(person.password);
  await person.field("setting-name").fill(name);
  await page.locator("#route-server").check();
  await person.field("mail-host").fill("127.0.0.1");
  await person.field("mail-port").fill(String(mailServer.port));
  await page.locator("#encryption").selectOption("none");
  await person.field("mail-from-address").fill("news@example.org");
  await watch.check();

  // The letter is tried before anything is kept, and what was typed stays, passwords included.
  await person.button("trial-send").click();
  await expect(page.locator("#trial").getByRole("link").first()).toBeVisible();
  await page.locator("#trial_to").fill(person.email);
  mailServer.answers = (command) => (command === "MAIL" ? "550 5.7.1 <b>not you</b>" : "250 2.0.0 OK");
  await person.button("trial-send").click();
  await expect(page.locator("#trial")).toContainText("550 5.7.1 <b>not you</b>");
  await expect(page.locator("#trial")).toContainText(t("trial-refusal"));
  await watch.check();
  mailServer.answers = () => "250 2.0.0 OK";
  await person.button("trial-send").click();
  await expect(page.locator("#trial")).toContainText(t("trial-taken", { email: person.email }));
  expect(mailServer.taken).toEqual([person.email]);
  await expect(person.field("field-password")).toHaveValue(person.password);
  await watch.check();

  await person.button("setup-submit").click();
  await expect(person.note("flash-set-up")).toBeVisible();
  await expect(page).toHaveTitle(new RegExp(`${name}$`));
  await watch.check();
  watch.expect(410);
  const stranger = await page.context().browser()!.newPage();
  expect((await stranger.goto(`${app.url}${link}`))?.status()).toBe(410);
  await stranger.close();

  await person.goTo("manage-settings");
  await expect(page.locator("#host")).toHaveValue("127.0.0.1");
  await watch.check();
  watch.expect(422);
  await page.locator("#session_days").fill("0");
  await page.locator("#allowed_domains").fill("two..dots");
  await person.button("settings-save").click();
  await expect(page.locator("#session_days-error")).toBeVisible();
  await expect(page.locator("#allowed_domains")).toHaveValue("two..dots");
  await watch.check();
  await page.locator("#session_days").fill("14");
  await page.locator("#allowed_domains").fill("example.org");
  await person.button("settings-save").click();
  await expect(person.note("flash-installation-saved")).toBeVisible();
  await page.locator("#route-catcher").check();
  await person.button("mail-save").click();
  await expect(person.note("flash-mail-server-saved")).toBeVisible();
  await expect(page.getByText(t("banner-catcher"))).toBeVisible();
  await watch.check();
});
