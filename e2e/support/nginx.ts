// nginx with the configuration that is in deploy/nginx: only its addresses, files and names are the test's own.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const deploy = path.resolve(import.meta.dirname, "../../deploy/nginx");
// Debian's is not in everyone's PATH.
const program = ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find(existsSync) ?? "nginx";

/** A port of 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (!address || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

/** A line of nginx's log about a request. */
export interface Entry {
  path: string;
  status: number;
  node: string;
  cache: string;
}

export class Nginx {
  private complaints = "";
  private process!: ChildProcess;

  private constructor(
    private readonly folder: string,
    /** Where browsers come. */
    readonly port: number,
    /** Where they come without TLS. */
    readonly plainPort: number,
  ) {}

  /** Before `nodes` (`127.0.0.1:8000`), in a folder of its own. */
  static async start(folder: string, port: number, nodes: string[]): Promise<Nginx> {
    const nginx = new Nginx(folder, port, await freePort());
    await nginx.writeFiles(nodes);
    nginx.begin();
    await nginx.answers();
    return nginx;
  }

  private async writeFiles(nodes: string[]): Promise<void> {
    const at = (name: string) => path.join(this.folder, name);
    await mkdir(at("pages"), { recursive: true });
    await copyFile(path.join(deploy, "away.html"), at("pages/away.html"));
    await run("openssl", [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", at("key.pem"), "-out", at("certificate.pem")],
    ]);

    const groups = await read("vestnik-nodes.conf", [
      // The committed file has two, and so has a test.
      ["127.0.0.1:8000", nodes[0] ?? ""],
      ["127.0.0.1:8001", nodes[1] ?? ""],
    ]);
    const site = await read("vestnik.conf", [
      [/^ *listen \[::\].*\n/gm, ""],
      [/listen 80\b/g, `listen 127.0.0.1:${this.plainPort}`],
      [/listen 443\b/g, `listen 127.0.0.1:${this.port}`],
      ["server_name mail.example.com", "server_name localhost"],
      ["/etc/letsencrypt/live/mail.example.com/fullchain.pem", at("certificate.pem")],
      ["/etc/letsencrypt/live/mail.example.com/privkey.pem", at("key.pem")],
      ["/var/cache/nginx/vestnik", at("cache")],
      ["/var/log/nginx/vestnik.log", at("access.log")],
      ["/usr/share/nginx/vestnik", at("pages")],
    ]);
    await writeFile(at("nodes.conf"), groups);
    await writeFile(at("site.conf"), site);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    await writeFile(
      at("nginx.conf"),
      [
        "daemon off;",
        // Root's workers would be somebody who cannot write here.
        ...(process.getuid?.() === 0 ? ["user root;"] : []),
        "worker_processes 2;",
        `pid ${at("nginx.pid")};`,
        "error_log stderr warn;",
        "events { worker_connections 512; }",
        "http {",
        ...temporary.map((kind) => `  ${kind}_temp_path ${at(kind)};`),
        "  default_type application/octet-stream;",
        "  types { text/html html; }",
        `  include ${at("nodes.conf")};`,
        `  include ${at("site.conf")};`,
        "}",
      ].join("\n"),
    );
  }

  private begin(): void {
    const files = ["-p", this.folder, "-c", path.join(this.folder, "nginx.conf")];
    // What it says before it has read its configuration.
    const early = ["-e", "stderr"];
    this.process = spawn(program, [...files, ...early], { stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr?.on("data", (chunk) => (this.complaints += chunk));
    this.process.on("error", (error) => (this.complaints += error));
  }

  private async answers(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) {
      const socket = connect(this.port, "127.0.0.1");
      const open = await Promise.race([
        once(socket, "connect").then(
          () => true,
          () => false,
        ),
        setTimeout(1_000, false),
      ]);
      socket.destroy();
      if (open) return;
      if (this.process.exitCode !== null) break;
      await setTimeout(50);
    }
    throw new Error(`nginx did not start:\n${this.complaints}`);
  }

  /** What its log for errors says. */
  get printed(): string {
    return this.complaints;
  }

  /** Its log of requests so far. */
  async log(): Promise<Entry[]> {
    const lines = (await readFile(path.join(this.folder, "access.log"), "utf8")).trimEnd().split("\n");
    return lines.map((line) => {
      const found = /"\w+ (\S+)" (\d+) .* node=(.*) cache=(\S+)$/.exec(line);
      if (!found) throw new Error(`not a line of the log: ${line}`);
      const [, path = "", status, node = "", cache = ""] = found;
      return { path, status: Number(status), node, cache };
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = once(this.process, "exit");
      this.process.kill("SIGTERM");
      await ended;
    }
  }
}

/** A committed file with replacements, each of which has to be of use. */
async function read(name: string, replacements: [string | RegExp, string][]): Promise<string> {
  let text = await readFile(path.join(deploy, name), "utf8");
  for (const [from, to] of replacements) {
    const replaced = text.replaceAll(typeof from === "string" ? from : new RegExp(from), to);
    if (replaced === text) throw new Error(`${name} has no ${from} any more`);
    text = replaced;
  }
  return text;
}
