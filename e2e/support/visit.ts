// A visitor without a browser, who can come from any address of this machine and send any header.
import { Agent, request } from "node:https";
import type { OutgoingHttpHeaders, IncomingHttpHeaders } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Each header as it came: names and values in turn, doubled ones twice. */
  raw: string[];
  text: string;
}

export interface Wanted {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string;
  /** Where the visitor comes from. */
  from?: string;
}

// The certificate is the test's own.
const agent = new Agent({ rejectUnauthorized: false, keepAlive: false });

export function visit(url: string, wanted: Wanted = {}): Promise<Answer> {
  const { method = "GET", headers = {}, body = "", from } = wanted;
  const type = body ? { "content-type": "application/x-www-form-urlencoded" } : {};
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        agent,
        method,
        // `localhost` has more than one address, and nginx in tests listens on one.
        host: "127.0.0.1",
        servername: "localhost",
        ...(from ? { localAddress: from } : {}),
        headers: { host: new URL(url).host, ...type, ...headers },
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            raw: answer.rawHeaders,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
