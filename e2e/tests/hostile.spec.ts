// Wherever people or mail servers can put words, the words are shown, and do nothing: no script runs, nothing is fetched
// from elsewhere, no page becomes another.
import type { Page } from "@playwright/test";
import { HOSTILE } from "../support/hostile";
import type { Person } from "../support/person";
import { expect, test } from "../support/test";

/** Looks at a page and at what it has become a moment later. */
async function see({ page, watch }: Person, path: string): Promise<void> {
  await page.goto(path);
  watch.quiet();
  const found = await page.evaluate(() => {
    const all = [...document.querySelectorAll("*")];
    const wrong = all.flatMap((element) => {
      const name = element.localName;
      const handlers = element.getAttributeNames().filter((attribute) => attribute.startsWith("on"));
      const targets = ["href", "src", "action", "formaction", "xlink:href", "srcset"].flatMap(
        (attribute) => element.getAttribute(attribute) ?? [],
      );
      const isForeign = (target: string) =>
        /^\s*(javascript|vbscript|data):|evil\.example/i.test(target) && name !== "link";
      const isOurs =
        name !== "script" || (element as HTMLScriptElement).src.startsWith(`${location.origin}/assets/`);
      const isPlain = !["base", "style", "object", "embed", "animate", "math"].includes(name);
      return handlers.length || targets.some(isForeign) || !isOurs || !isPlain
        ? [element.outerHTML.slice(0, 300)]
        : [];
    });
    return { wrong, mains: document.querySelectorAll("#main").length, path: location.pathname };
  });
  expect(found, path).toEqual({ wrong: [], mains: 1, path: new URL(path, "http://a").pathname });
}

/** Nothing may ask or tell anything by itself. */
function refuseDialogs(page: Page): string[] {
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return dialogs;
}

/** Sends a form as the page would, without typing it; answers whether it was taken. */
async function send({ page }: Person, path: string, form: Record<string, string>): Promise<boolean> {
  const answer = await page.request.post(path, { form, maxRedirects: 0 });
  expect([303, 422], `${path}: ${await answer.text()}`).toContain(answer.status());
  return answer.status() === 303;
}

test.use({ hasMailServer: true, undoDelay: "0s" });

test("words that people type", async ({ app, page, person, another, watch }) => {
  watch.expect(404);
  const dialogs = refuseDialogs(page);
  const [script, image] = [HOSTILE[0]!, HOSTILE[1]!];

  await test.step("are typed everywhere", async () => {
    await person.hasAccountOf("admin");
    await person.logIn();
    const zone = { language: "ru", time_zone: "Europe/Moscow", theme: "auto" };
    await send(person, "/settings", { name: image, phone: "", city: script, ...zone });
    for (const [at, words] of HOSTILE.entries()) {
      await send(person, "/recipients/new", {
        email: `r${at}@example.com`,
        full_name: words,
        comment: words,
      });
    }
    const raw =
      "email=bytes%40example.com&full_name=%ff%fe%c0%bcscript%c0%be%3Cb%3E&comment=%f0%28%8c%bc%00x";
    await page.request.post("/recipients/new", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
      data: raw,
    });
    for (const [at, words] of [script, image, HOSTILE[12]!, HOSTILE[18]!].entries()) {
      await send(person, "/messages/new", {
        // A subject is a template: what looks like one in the words is not meant.
        subject: words,
        html: `<p>{{ recipient.full_name }}</p><p>{{ recipient.comment }}</p>`,
        text: words,
      });
      const mailing = [
        "--owner",
        person.email,
        "--message",
        String(at + 1),
        "--all-recipients",
        "--name",
        words,
      ];
      await app.cli(["mailing", "create", ...mailing]);
    }
    for (const [at, words] of HOSTILE.entries()) {
      const article = {
        title: words,
        lead: words,
        body: HOSTILE.slice(at).join("\n\n"),
        cover: "",
        when: "now",
      };
      await send(person, "/manage/articles/new", article);
    }
    for (const [at, words] of [script, image].entries()) {
      const account = ["--email", `u${at}@example.org`, "--name", words, "--language", "en"];
      await app.cli(["create-user", ...account, "--password-stdin"], person.password);
      await send(person, "/manage/groups/new", { name: words, permissions: "view_audit" });
    }
  });

  await test.step("and shown to whoever typed them, and to those who watch", async () => {
    await page.goto("/manage/users");
    const users = await page
      .locator("tbody .row-link")
      .evaluateAll((links) => links.map((one) => one.getAttribute("href")!));
    await page.goto("/manage/groups");
    const groups = await page
      .locator("tbody .row-link")
      .evaluateAll((links) => links.map((one) => one.getAttribute("href")!));
    await send(person, `${users[1]}/block`, { reason: script });
    await send(person, "/manage/mailings/1/disable", { reason: image });
    const one = (path: string, count: number) =>
      Array.from({ length: count }, (_, at) => `${path}/${at + 1}`);
    const paths = [
      ...["/dashboard", "/settings", "/settings/security", "/settings/account", "/settings/account/delete"],
      ...["/recipients", "/recipients/delete?id=1&id=2", ...one("/recipients", HOSTILE.length)],
      ...["/recipients/1/edit", "/recipients/2/edit", "/recipients/19/edit", "/recipients/2/delete"],
      ...["/messages", ...one("/messages", 4), "/messages/2/edit", "/messages/4/edit", "/messages/2/delete"],
      ...[
        "/mailings",
        ...one("/mailings", 4),
        "/mailings/1/edit",
        "/mailings/2/review",
        "/mailings/2/disable",
      ],
      ...["/mailings/2/delete", "/mailings/new?message=2", "/reports"],
      ...["/manage/users", ...users, `${users[1]}/delete`, `${users[0]}/report`],
      ...["/manage/mailings", "/manage/mailings/1", "/manage/recipients", "/manage/groups", ...groups],
      ...["/manage/audit", "/manage/settings", "/manage/articles", ...one("/manage/articles", 6)],
      ...["/manage/articles/19", "/manage/articles/2/delete"],
    ];
    for (const path of paths) await see(person, path);
  });

  await test.step("or are part of an address", async () => {
    // Some parts make no sense there, and the page says so.
    watch.expect(422);
    for (const words of [script, image, HOSTILE[18]!, HOSTILE[4]!]) {
      const part = encodeURIComponent(words);
      for (const path of [
        ...[
          "/recipients",
          "/messages",
          "/mailings",
          "/manage/users",
          "/manage/recipients",
          "/manage/articles",
        ].map((list) => `${list}?q=${part}&at=${part}&state=${part}&sort=${part}`),
        `/manage/audit?action=${part}&q=${part}&from=${part}`,
        `/mailings/1/attempts?q=${part}&code=${part}`,
        `/reports?period=${part}&from=${part}&to=${part}`,
        `/blog?at=${part}`,
        `/${part}`,
        `/blog/${part}`,
        `/media/${part}`,
      ])
        await see(person, path);
    }
  });

  await test.step("strangers read what is published", async () => {
    const stranger = await another("stranger@example.org", { ru: "Гость", en: "Guest" });
    const strangers = refuseDialogs(stranger.page);
    stranger.watch.expect(404);
    await see(stranger, "/");
    const read: string[] = [];
    let next: string | null = "/blog";
    while (next) {
      await see(stranger, next);
      const links = stranger.page.locator(".article h2 a");
      read.push(...(await links.evaluateAll((all) => all.map((one) => one.getAttribute("href")!))));
      const further = stranger.page.locator("a[rel=next]");
      next = (await further.count()) ? await further.getAttribute("href") : null;
    }
    expect(read).toHaveLength(HOSTILE.length);
    const titles: string[] = [];
    for (const path of read) {
      await see(stranger, path);
      titles.push(await stranger.page.locator("h1").innerText());
    }
    // Word for word, whatever is in them: nothing was swallowed.
    expect(titles).toContain(script);
    expect(titles).toContain(HOSTILE[22]);
    for (const path of ["/blog/feed.xml", "/sitemap.xml"]) {
      const xml = await (await stranger.page.request.get(path)).text();
      const broken = await stranger.page.evaluate(
        (xml) =>
          new DOMParser().parseFromString(xml, "application/xml").querySelector("parsererror")?.textContent,
        xml,
      );
      expect(broken, path).toBeUndefined();
    }
    await see(stranger, `/login?next=${encodeURIComponent("javascript:alert(1)")}`);
    await stranger.field("field-email").fill(person.email);
    await stranger.field("field-password").fill(stranger.password);
    await stranger.button("login-submit").click();
    await expect(stranger.page).toHaveURL(`${app.url}/dashboard`);
    expect(strangers).toEqual([]);
  });

  await test.step("the service's own name stands on every page", async () => {
    await page.goto("/manage/settings");
    await page.locator("#name").fill(image);
    await person.button("settings-save").click();
    await expect(person.note("flash-installation-saved")).toBeVisible();
    for (const path of ["/dashboard", "/manage/settings", "/blog", "/no-such-page"]) await see(person, path);
    expect(await page.title()).toContain(image);
  });
  expect(dialogs).toEqual([]);
});

test("words of mail servers", async ({ page, person, watch, mailServer, t }) => {
  const dialogs = refuseDialogs(page);
  const replies = [
    ...HOSTILE.map((words) => `550 5.1.1 ${words}`),
    // No UTF-8, control characters, a colour for terminals, a line that says it is another, and a very long one.
    "550 5.1.1 \xff\xfe\xc0\xbcscript\xc0\xbe\xe0\x80",
    "550 5.1.1 \x00\x07\x08\x1b[31mred\x1b[0m\x7f",
    "550 5.1.1 a\rb 250 2.0.0 OK",
    `550 5.1.1 ${"<b>".repeat(150)}`,
    "550-5.1.1 <script>\r\n550-5.1.1 alert(1)\r\n550 5.1.1 </script>",
  ];
  mailServer.answers = (command, address) =>
    command === "RCPT" ? replies[Number(/\d+/.exec(address)?.[0]) - 1] : "250 2.0.0 OK";
  await person.hasAccountOf("admin");
  const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(replies.length), "x", true);
  await person.logIn();
  await see(person, "/dashboard");
  await see(person, `/mailings/${mailing}`);
  await see(person, `/mailings/${mailing}/attempts`);
  const rows = page.locator("tbody tr");
  await expect(rows).toHaveCount(replies.length);
  await expect(rows.filter({ hasText: t("attempt-failed") })).toHaveCount(replies.length);
  const shown = await page.locator("code.reply").allInnerTexts();
  for (const words of HOSTILE.slice(0, 8)) expect(shown).toContain(`550 5.1.1 ${words}`);
  await watch.check();
  await see(person, `/mailings/${mailing}/attempts?q=${encodeURIComponent("<script>")}`);
  await see(person, `/manage/mailings/${mailing}`);
  await see(person, "/recipients/1");
  await see(person, "/reports");
  await page.goto(`/mailings/${mailing}/attempts`);
  const [, ...lines] = await person.download("attempts-csv");
  expect(lines).toHaveLength(replies.length);

  // The sender is refused: the page says so while it follows.
  mailServer.answers = (command) => (command === "MAIL" ? `550 5.7.1 ${HOSTILE[1]}` : "250 2.0.0 OK");
  await page.goto(`/mailings/${mailing}`);
  await person.button("again-failed", { n: replies.length }).click();
  await expect(page.getByText(`550 5.7.1 ${HOSTILE[1]}`).first()).toBeVisible();
  await watch.check();
  await see(person, "/dashboard");
  expect(dialogs).toEqual([]);
});
