// What nginx and several nodes add: nothing is held back, nobody is somebody else, nothing of one person's reaches another,
// and a node may go away.
import { get } from "node:http";
import { setTimeout } from "node:timers/promises";
import type { Product } from "../support/app";
import { Deployed } from "../support/deployed";
import type { Nginx } from "../support/nginx";
import type { Person } from "../support/person";
import { expect, test } from "../support/test";
import { visit } from "../support/visit";

declare global {
  interface Window {
    /** What has come of the stream that a test reads. */
    events: string;
  }
}

function deployed(app: Product): Deployed {
  if (!(app instanceof Deployed)) throw new Error("this is about the product behind nginx");
  return app;
}

/** Looks at what nginx noted of a path's answers. It answers first and notes then. */
async function logged(nginx: Nginx, path: string, look: (caches: string[]) => void): Promise<void> {
  await expect(async () => {
    look((await nginx.log()).filter((entry) => entry.path === path).map((entry) => entry.cache));
  }).toPass();
}

/** The cookies of a person's browser, for requests without it. */
async function cookies({ page }: Person): Promise<string> {
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

test("what is someone's stays theirs, and what is everyone's is kept", async ({
  app,
  page,
  person,
  watch,
}) => {
  const { nginx, url } = deployed(app);
  await person.hasAccount();
  await person.logIn();

  await test.step("plain HTTP leads to HTTPS, and to no other name", async () => {
    const plain = (host: string) =>
      new Promise<{ status: number; to: string }>((resolve) => {
        const address = { host: "127.0.0.1", port: nginx.plainPort, path: "/blog?at=1", headers: { host } };
        get(address, (answer) => {
          answer.resume();
          resolve({ status: answer.statusCode ?? 0, to: answer.headers.location ?? "" });
        }).on("error", () => resolve({ status: 0, to: "" }));
      });
    expect(await plain("localhost")).toEqual({ status: 308, to: "https://localhost/blog?at=1" });
    expect(await plain("evil.example")).toEqual({ status: 0, to: "" });
  });

  await test.step("how nodes feel is not told", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics"])
      expect((await visit(url + path)).status).toBe(404);
  });

  await test.step("security headers are there, once", async () => {
    const names = (await visit(`${url}/login`)).raw
      .filter((_, at) => at % 2 === 0)
      .map((name) => name.toLowerCase());
    for (const name of [
      "content-security-policy",
      "strict-transport-security",
      "x-content-type-options",
      "referrer-policy",
      "cache-control",
    ])
      expect(
        names.filter((one) => one === name),
        name,
      ).toHaveLength(1);
  });

  await test.step("styles and scripts are kept for ever, in each encoding", async () => {
    const sheet = await page.locator("link[rel=stylesheet]").first().getAttribute("href");
    const sizes = [];
    for (const encoding of ["br", "gzip", "identity", "br"]) {
      const answer = await visit(url + sheet, { headers: { "accept-encoding": encoding } });
      expect(answer.status).toBe(200);
      expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
      expect(answer.headers["content-encoding"] ?? "identity").toBe(encoding);
      sizes.push(Number(answer.headers["content-length"]));
    }
    expect(sizes[0]).toBeLessThan(sizes[2]! / 4);
    await logged(nginx, sheet ?? "", (caches) => expect(caches.at(-1)).toBe("HIT"));
    expect((await visit(`${url}/assets/no-such-file.css`)).status).toBe(404);
  });

  await test.step("what strangers read is kept for a moment, by language and theme", async () => {
    const home = async (headers: Record<string, string>) => {
      const answer = await visit(`${url}/`, { headers });
      expect(answer.status).toBe(200);
      return /<html[^>]*>/.exec(answer.text)?.[0] ?? "";
    };
    const strangers = [
      [{ "accept-language": "ru" }, 'lang="ru"'],
      [{ "accept-language": "en" }, 'lang="en"'],
      [{ "accept-language": "en", cookie: "lang=ru" }, 'lang="ru"'],
      [{ "accept-language": "en", cookie: "theme=dark" }, 'data-bs-theme="dark"'],
      [{ "accept-language": "en", cookie: "lang=ru; theme=light" }, 'data-bs-theme="light"'],
    ] as const;
    await expect(async () => {
      for (const [headers, expected] of strangers) expect(await home(headers)).toContain(expected);
      const hits = (await nginx.log()).filter((entry) => entry.path === "/" && entry.cache === "HIT");
      expect(hits.length).toBeGreaterThan(5);
    }).toPass();
    // nginx counts whole seconds.
    await setTimeout(3_100);
    await home({ "accept-language": "ru" });
    await logged(nginx, "/", (caches) => expect(caches.at(-1), "not for longer").toBe("EXPIRED"));
  });

  await test.step("a page of someone who is signed in is never kept, nor one with a word for them", async () => {
    const own = { cookie: await cookies(person), "accept-language": "en" };
    for (const path of ["/blog", "/"]) {
      const before = (await nginx.log()).filter((entry) => entry.path === path).length;
      const [theirs, strangers] = [await visit(url + path, { headers: own }), await visit(url + path)];
      // The way to the overview stands there for those who have signed in.
      if (path === "/blog") expect(theirs.text).toContain('href="/dashboard"');
      if (path === "/") expect(theirs.headers.location).toBe("/dashboard");
      expect(strangers.status).toBe(200);
      expect(strangers.text).not.toContain('href="/dashboard"');
      expect((await visit(url + path, { headers: own })).text).toBe(theirs.text);
      await logged(nginx, path, (caches) => {
        const [asked, strangers, again, more] = caches.slice(before);
        expect([asked, again, more], path).toEqual(["BYPASS", "BYPASS", undefined]);
        expect(strangers, path).not.toBe("BYPASS");
      });
    }
    await watch.check();
  });
});

test("a visitor's address is where they come from, whatever they say", async ({ app, page, person }) => {
  const { url } = deployed(app);
  await person.hasAccount();
  const body = new URLSearchParams({ email: person.email, password: person.password }).toString();
  const forged = "203.0.113.9";
  const login = await visit(`${url}/login`, {
    method: "POST",
    body,
    from: "127.0.0.7",
    headers: {
      "x-forwarded-for": `${forged}, ${forged}`,
      "x-real-ip": forged,
      forwarded: `for=${forged}`,
      "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    },
  });
  expect(login.headers.location).toBe("/dashboard");
  await person.logIn();
  await person.open("/settings/security");
  const addresses = await page.locator("#sessions .mono").allInnerTexts();
  expect(addresses.sort()).toEqual(["127.0.0.1", "127.0.0.7"]);
});

test.describe("while it is sent", () => {
  test.use({ hasMailServer: true });

  test("every step is shown at once", async ({ person, page, app, mailServer }) => {
    mailServer.takeOnly(0);
    await person.hasAccount();
    const mailing = await person.hasMailing(await person.hasRecipientsAndMessage(200), "200", false);
    await person.logIn();
    await page.evaluate(async (path) => {
      window.events = "";
      const reader = (await fetch(path, { headers: { accept: "text/event-stream" } })).body!.getReader();
      void (async () => {
        for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
          window.events += new TextDecoder().decode(chunk.value);
      })();
    }, `/mailings/${mailing}/live`);
    /** How many are done by the last state that has come. */
    const shown = () =>
      page.evaluate(() => [...window.events.matchAll(/<progress[^>]* value="(\d+)"/g)].at(-1)?.[1]);
    await expect.poll(() => page.evaluate(() => window.events), "the first state").toContain("data:");
    await app.cli(["mailing", "send", mailing]);
    // A step is taken only when the one before was seen: what is held back on the way would never be.
    for (let step = 0; step < 5; step++) {
      mailServer.takeOnly(step);
      const sent = String(mailServer.taken.length);
      await expect.poll(shown, `after ${sent}`).toBe(sent);
    }
  });
});

test("a list of 30 MB comes through", async ({ person, page, t, watch }) => {
  await person.hasAccount();
  await person.logIn();
  await person.open("/recipients/import");
  const comment = "a loyal guest since the very first cup; ".repeat(90);
  const rows = Array.from({ length: 8_500 }, (_, at) => `guest${at}@example.com,Guest ${at},${comment}\r\n`);
  const buffer = Buffer.from("Email,Full name,Comment\r\n" + rows.join(""));
  expect(buffer.length).toBeGreaterThan(30_000_000);
  await page.locator("input[type=file]").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer });
  await person.button("import-submit").click();
  await expect(page.locator(".status")).toHaveText(t("import-state-done"), { timeout: 180_000 });
  await expect(person.figure("import-added")).toHaveText("8,500");
  await watch.check();
});

test("nodes restart one after the other, and nobody notices; when all are gone, a page says so", async ({
  app,
  person,
  t,
}) => {
  const { nodes, nginx, url } = deployed(app);
  await person.hasAccount();
  await person.logIn();
  const own = { cookie: await cookies(person), "accept-language": "en" };

  let goesOn = true;
  const wrong: string[] = [];
  const done = { read: 0, written: 0 };
  const look = (what: string, right: boolean, found: string) => {
    if (!right) wrong.push(`${what}: ${found}`);
  };
  const attempt = async (what: string, act: () => Promise<void>) => {
    await act().catch((error: unknown) => wrong.push(`${what}: ${error}`));
    await setTimeout(15);
  };
  const read = async (path: string, expected: string) => {
    while (goesOn) {
      await attempt(`GET ${path}`, async () => {
        const answer = await visit(url + path, { headers: own });
        look(`GET ${path}`, answer.status === 200 && answer.text.includes(expected), `${answer.status}`);
        done.read++;
      });
    }
  };
  const write = async (writer: number) => {
    for (let number = 0; goesOn; number++) {
      const body = new URLSearchParams({
        email: `guest${number}@of${writer}.example`,
        full_name: "",
        comment: "",
      });
      await attempt("POST", async () => {
        const answer = await visit(`${url}/recipients/new`, {
          method: "POST",
          body: `${body}`,
          headers: own,
        });
        look("POST", answer.status === 303, `${answer.status} ${answer.text.slice(0, 300)}`);
        done.written++;
      });
    }
  };
  const visitors = [
    read("/mailings", "</html>"),
    read("/recipients", "</html>"),
    write(1),
    write(2),
    write(3),
  ];
  // Before, between and after the restarts everyone has been there a few times.
  const visited = async () => {
    const { read, written } = { ...done };
    await expect.poll(() => done.read > read + 3 && done.written > written + 5).toBe(true);
  };
  for (const node of nodes) {
    await visited();
    await node.restart();
  }
  await visited();
  goesOn = false;
  await Promise.all(visitors);
  expect(wrong).toEqual([]);
  expect(done.read, "pages read meanwhile").toBeGreaterThan(5);
  expect(done.written, "forms sent meanwhile").toBeGreaterThan(5);
  await person.open("/recipients");
  const all = person.page.getByRole("heading", { name: t("count-recipients", { n: done.written }) });
  await expect(all, "each form has done its work, and once").toBeVisible();
  const answered = new Set((await nginx.log()).map((entry) => entry.node.split(", ").at(-1)));
  expect(answered.size, "both have worked").toBeGreaterThanOrEqual(2);

  // This page follows nothing that could break off.
  await Promise.all(nodes.map((node) => node.stop()));
  const away = await visit(`${url}/mailings`, { headers: own });
  expect(away.status).toBe(503);
  expect(away.headers["retry-after"]).toBe("10");
  expect(away.headers["cache-control"]).toBe("no-store");
  expect(away.text).toContain("Back in a moment");
});
