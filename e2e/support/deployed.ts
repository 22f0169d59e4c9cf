// The product as it is deployed: two nodes on one PostgreSQL and one Redis, nginx in front.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { App, TestClock, type Product } from "./app";
import { freePort, Nginx } from "./nginx";

const run = promisify(execFile);

/** A server for tests, as scripts/with-services starts them. */
function service(name: string): string {
  const url = process.env[name];
  if (!url) throw new Error(`${name} is not set: run this with scripts/with-services`);
  return url;
}

export class Deployed implements Product {
  private constructor(
    readonly url: string,
    readonly nodes: [App, App],
    readonly nginx: Nginx,
    private readonly folder: string,
    private readonly database: string,
    private readonly clock: TestClock,
  ) {}

  static async start(undoDelay: string, settings: Record<string, string>): Promise<Deployed> {
    const folder = await mkdtemp(path.join(tmpdir(), "vestnik-e2e-"));
    const database = `e2e_${randomBytes(6).toString("hex")}`;
    await sql(`CREATE DATABASE ${database}`);
    const postgres = new URL(service("VESTNIK_TEST_POSTGRES_URL"));
    postgres.pathname = database;
    const port = await freePort();
    const shared = {
      VESTNIK_DATABASE_URL: postgres.href,
      // Each node has a data folder of its own, and all have one key.
      VESTNIK_SECRET_KEY: randomBytes(32).toString("base64"),
      VESTNIK_REDIS_URL: service("VESTNIK_TEST_REDIS_URL"),
      VESTNIK_REDIS_PREFIX: database,
      VESTNIK_MEDIA: path.join(folder, "media"),
      VESTNIK_BASE_URL: `https://localhost:${port}/`,
      VESTNIK_BEHIND_PROXY: "true",
      ...settings,
    };
    const addresses = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`] as const;
    const clock = new TestClock(path.join(folder, "test-clock"));
    // One after the other: the first makes the tables.
    const first = await App.start(undoDelay, shared, addresses[0], clock);
    const second = await App.start(undoDelay, shared, addresses[1], clock);
    const nginx = await Nginx.start(folder, port, [...addresses]);
    return new Deployed(`https://localhost:${port}`, [first, second], nginx, folder, database, clock);
  }

  get printed(): string {
    return [this.nginx.printed, ...this.nodes.map((node) => node.printed)].join("\n---\n");
  }

  cli(args: string[], input?: string): Promise<string> {
    return this.nodes[0].cli(args, input);
  }

  file(name: string, content: string | Buffer): Promise<string> {
    return this.nodes[0].file(name, content);
  }

  setupPath(): Promise<string> {
    return this.nodes[0].setupPath();
  }

  now(): number {
    return this.clock.now();
  }

  passTime(seconds: number): Promise<void> {
    return this.clock.passTime(seconds);
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    const ends = await Promise.allSettled(this.nodes.map((node) => node.stop()));
    await sql(`DROP DATABASE ${this.database} WITH (FORCE)`);
    await rm(this.folder, { recursive: true, force: true });
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
}

async function sql(statement: string): Promise<void> {
  await run("psql", [
    ...["--no-psqlrc", "--quiet", "--command", statement],
    service("VESTNIK_TEST_POSTGRES_URL"),
  ]);
}
