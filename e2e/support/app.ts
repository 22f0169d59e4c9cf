// The product itself: its binary, with a data folder of its own, on a free port.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { target } from "./browser";
import { freePort } from "./nginx";

// Holds a socket for a process that comes and goes.
const holder = path.join(import.meta.dirname, "held-socket.py");
const binary = process.env.VESTNIK_BIN ?? path.join(target, "debug", "vestnik");

// A developer's own settings are not to be tested.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("VESTNIK_")),
);

/** What a test has before it: one process, or several behind nginx. */
export interface Product {
  /** Where the pages are. */
  readonly url: string;
  /** What it has printed so far. */
  readonly printed: string;
  /** Runs another command on the same data; answers what it printed. */
  cli(args: string[], input?: string): Promise<string>;
  /** Writes a file that a command can be given. */
  file(name: string, content: string | Buffer): Promise<string>;
  /** The path of the link that makes the first administrator. */
  setupPath(): Promise<string>;
  /** The product's clock, in milliseconds since 1970. */
  now(): number;
  /** Moves the product's clock on, so that a test waits for no real seconds. */
  passTime(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** The shift between the machine's clock and the product's, in a file that the debug build reads (`VESTNIK_TEST_CLOCK`). */
export class TestClock {
  private shift = 0;

  constructor(readonly file: string) {}

  now(): number {
    return Date.now() + this.shift;
  }

  async passTime(seconds: number): Promise<void> {
    this.shift += seconds * 1_000;
    // By renaming, so that no reader meets half a number.
    await writeFile(`${this.file}.new`, String(this.shift));
    await rename(`${this.file}.new`, this.file);
  }
}

/** A running `vestnik serve`. Without a mail server among its settings letters are caught. */
export class App implements Product {
  private log = "";
  private process!: ChildProcess;
  url = "";

  private constructor(
    private readonly folder: string,
    private readonly settings: Record<string, string>,
    private readonly clock: TestClock,
  ) {}

  /**
   * On a free port; or at the address `held`, whose socket stays open over restarts, as systemd keeps it. Several
   * processes that work together are given one `clock`.
   */
  static async start(
    undoDelay: string,
    settings: Record<string, string> = {},
    held?: string,
    clock?: TestClock,
  ): Promise<App> {
    const folder = await mkdtemp(path.join(tmpdir(), "vestnik-e2e-"));
    // Behind a proxy it has to be told the address that people come by; here they come without one.
    let listen = held ?? "127.0.0.1:0";
    if (settings.VESTNIK_BEHIND_PROXY && !settings.VESTNIK_BASE_URL) {
      listen = `127.0.0.1:${await freePort()}`;
      settings = { ...settings, VESTNIK_BASE_URL: `http://${listen}/` };
    }
    const app = new App(folder, settings, clock ?? new TestClock(path.join(folder, "test-clock")));
    const flags = ["--data-dir", folder, "--undo-delay", undoDelay, "--scheduler-poll", "200ms"];
    const command = [binary, "serve", ...flags, "--listen", listen];
    const [program = "", ...args] = held ? ["python3", holder, held, ...command] : command;
    app.process = spawn(program, args, {
      cwd: folder,
      env: { ...environment, VESTNIK_TEST_CLOCK: app.clock.file, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    app.process.stdout?.on("data", (chunk) => (app.log += chunk));
    app.process.stderr?.on("data", (chunk) => (app.log += chunk));
    app.process.on("error", (error) => (app.log += error));
    app.url = await app.begun(0);
    return app;
  }

  /** Waits until it says, after so much of what it prints, where it is. */
  private async begun(after: number): Promise<string> {
    for (let turn = 0; turn < 6_000 && this.process.exitCode === null; turn++) {
      const url = /Vestnik is at (https?:\/\/[\w.:]+)/.exec(this.log.slice(after));
      if (url?.[1]) return url[1];
      await setTimeout(20);
    }
    throw new Error(`vestnik serve ended with ${this.process.exitCode}:\n${this.log}`);
  }

  async cli(args: string[], input = ""): Promise<string> {
    const { VESTNIK_DATABASE_URL: database, VESTNIK_SECRET_KEY: key } = this.settings;
    const data = ["--data-dir", this.folder, ...(database ? ["--database-url", database] : [])];
    const child = spawn(binary, [...args, ...data], {
      cwd: this.folder,
      env: {
        ...environment,
        VESTNIK_TEST_CLOCK: this.clock.file,
        ...(key ? { VESTNIK_SECRET_KEY: key } : {}),
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let printed = "";
    let complaints = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (complaints += chunk));
    // A command that reads nothing may end before it is written to.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(`vestnik ${args.join(" ")} ended with ${code}: ${complaints}`);
    return printed.trim();
  }

  async file(name: string, content: string | Buffer): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, content);
    return file;
  }

  async setupPath(): Promise<string> {
    for (let turn = 0; turn < 1_200; turn++) {
      const link = /\/setup\/[0-9a-f]{64}/.exec(this.log);
      if (link) return link[0];
      await setTimeout(50);
    }
    throw new Error(`no link to set it up:\n${this.log}`);
  }

  get printed(): string {
    return this.log;
  }

  now(): number {
    return this.clock.now();
  }

  passTime(seconds: number): Promise<void> {
    return this.clock.passTime(seconds);
  }

  /** Ends the process as a service manager would, and has another one started in its place, on the socket that is held. */
  async restart(): Promise<void> {
    const before = this.log.length;
    this.process.kill("SIGHUP");
    await this.begun(before);
  }

  async stop(): Promise<void> {
    try {
      await this.end();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** It has a minute, on a machine with much else to do. */
  private async end(): Promise<void> {
    const { exitCode } = this.process;
    const ended = exitCode !== null ? [exitCode] : once(this.process, "exit");
    this.process.kill("SIGTERM");
    const late = new AbortController();
    setTimeout(60_000, null, { signal: late.signal }).then(
      () => this.process.kill("SIGKILL"),
      () => {},
    );
    const [code] = await ended;
    late.abort();
    if (code !== 0) throw new Error(`vestnik serve, told to stop, ended with ${code}:\n${this.log}`);
  }
}
