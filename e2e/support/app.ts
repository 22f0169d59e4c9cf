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

/** A running `vestnik serve`. Without a mail server among its settings letters are caught. */
export class App {
  private log = "";

  private constructor(
    private readonly folder: string,
    private readonly process: ChildProcess,
  ) {}

  /** Where the pages are. */
  url = "";

  static async start(undoDelay: string, settings: Record<string, string> = {}): Promise<App> {
    const folder = await mkdtemp(path.join(tmpdir(), "vestnik-e2e-"));
    const flags = [
      "--data-dir",
      folder,
      "--listen",
      "127.0.0.1:0",
      "--undo-delay",
      undoDelay,
      "--scheduler-poll",
      "200ms",
    ];
    const child = spawn(binary, ["serve", ...flags], {
      cwd: folder,
      env: { ...environment, ...settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const app = new App(folder, child);
    app.url = await new Promise<string>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        app.log += chunk;
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(app.log);
        if (url) resolve(url[0]);
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`vestnik serve ended with ${code}:\n${app.log}`)));
    });
    return app;
  }

  /** Runs another command on the same data; answers what it printed. */
  async cli(args: string[], input = ""): Promise<string> {
    const data = ["--data-dir", this.folder];
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

  /** Writes a file that a command can be given. */
  async file(name: string, content: string | Buffer): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, content);
    return file;
  }

  /** The path of the link that makes the first administrator. */
  async setupPath(): Promise<string> {
    for (let turn = 0; turn < 100; turn++) {
      const link = /\/setup\/[0-9a-f]{64}/.exec(this.log);
      if (link) return link[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no link to set it up:\n${this.log}`);
  }

  /** What it has printed so far. */
  get printed(): string {
    return this.log;
  }

  /** Stops it as a service manager would. It has ten seconds. */
  async stop(): Promise<void> {
    const ended = this.process.exitCode !== null ? [this.process.exitCode] : once(this.process, "exit");
    this.process.kill("SIGTERM");
    const late = setTimeout(() => this.process.kill("SIGKILL"), 12_000);
    const [code] = await ended;
    clearTimeout(late);
    await rm(this.folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`vestnik serve, told to stop, ended with ${code}:\n${this.log}`);
  }
}
