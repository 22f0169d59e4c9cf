// The product itself: its binary, with a data folder of its own, on a free port.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { target } from "./browser";

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
  stop(): Promise<void>;
}

/** A running `vestnik serve`. Without a mail server among its settings letters are caught. */
export class App implements Product {
  private log = "";
  private process!: ChildProcess;
  url = "";

  private constructor(
    private readonly folder: string,
    private readonly flags: string[],
    private readonly settings: Record<string, string>,
  ) {}

  static async start(
    undoDelay: string,
    settings: Record<string, string> = {},
    listen = "127.0.0.1:0",
  ): Promise<App> {
    const folder = await mkdtemp(path.join(tmpdir(), "vestnik-e2e-"));
    const flags = ["--listen", listen, "--undo-delay", undoDelay, "--scheduler-poll", "200ms"];
    const app = new App(folder, flags, settings);
    await app.begin();
    return app;
  }

  private async begin(): Promise<void> {
    const child = spawn(binary, ["serve", "--data-dir", this.folder, ...this.flags], {
      cwd: this.folder,
      env: { ...environment, ...this.settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    const before = this.log.length;
    this.url = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        this.log += chunk;
        const url = /Vestnik is at (https?:\/\/[\w.:]+)/.exec(this.log.slice(before));
        if (url?.[1]) resolve(url[1]);
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`vestnik serve ended with ${code}:\n${this.log}`)));
    });
  }

  async cli(args: string[], input = ""): Promise<string> {
    const { VESTNIK_DATABASE_URL: database } = this.settings;
    const data = ["--data-dir", this.folder, ...(database ? ["--database-url", database] : [])];
    const child = spawn(binary, [...args, ...data], {
      cwd: this.folder,
      env: environment,
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
    for (let turn = 0; turn < 100; turn++) {
      const link = /\/setup\/[0-9a-f]{64}/.exec(this.log);
      if (link) return link[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no link to set it up:\n${this.log}`);
  }

  get printed(): string {
    return this.log;
  }

  /** Ends the process as a service manager would, and starts another one in its place. */
  async restart(): Promise<void> {
    await this.end();
    await this.begin();
  }

  async stop(): Promise<void> {
    try {
      await this.end();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** It has ten seconds. */
  private async end(): Promise<void> {
    const { exitCode } = this.process;
    const ended = exitCode !== null ? [exitCode] : once(this.process, "exit");
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), 12_000);
    const [code] = await ended;
    clearTimeout(late);
    if (code !== 0) throw new Error(`vestnik serve, told to stop, ended with ${code}:\n${this.log}`);
  }
}
