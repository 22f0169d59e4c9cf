// A mail server that answers as a test wants it to, for what the built-in catcher never does: refusing, vanishing.
import { createServer, type Server, type Socket } from "node:net";

/** What the server says to a command; nothing: it hangs up instead. */
export type Answers = (command: "MAIL" | "RCPT" | "DATA", address: string) => string | undefined;

export class MailServer {
  private readonly sockets = new Set<Socket>();
  /** Addresses whose letters were taken, in that order. */
  readonly taken: string[] = [];
  answers: Answers = () => "250 2.0.0 OK";
  /** How many messages are taken. The end of a further one is not answered until there is room for it. */
  private room = Infinity;
  /** What goes on in the sessions whose message waits for its answer. */
  private readonly waiting: (() => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<MailServer> {
    const server = createServer();
    const mailServer = new MailServer(server);
    server.on("connection", (socket) => mailServer.serve(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return mailServer;
  }

  get port(): number {
    const address = this.server.address();
    if (!address || typeof address === "string") throw new Error("the mail server has no port");
    return address.port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}?starttls=off`;
  }

  /** From now on takes this many more messages and then answers no end of a message: a run stands where a test wants it. */
  takeOnly(more: number): void {
    this.room = this.taken.length + more;
    while (this.waiting.length > 0 && this.taken.length < this.room) this.waiting.shift()?.();
  }

  /** Takes everything again. */
  takeAll(): void {
    this.takeOnly(Infinity);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.setNoDelay(true);
    let unread = "";
    let inLetter = false;
    let held = false;
    let recipient = "";
    const say = (reply: string | undefined) => {
      if (reply === undefined) socket.destroy();
      // As bytes where it can be, so that a reply may also be no UTF-8.
      else socket.write(reply + "\r\n", /^[\0-\xff]*$/.test(reply) ? "latin1" : "utf8");
      return reply;
    };
    const endOfMessage = () => {
      inLetter = held = false;
      if (say(this.answers("DATA", recipient))?.startsWith("2")) this.taken.push(recipient);
    };
    const goOn = () => {
      while (!socket.destroyed && !held) {
        const end = inLetter ? "\r\n.\r\n" : "\r\n";
        const at = unread.indexOf(end);
        if (at < 0) return;
        const line = unread.slice(0, at);
        unread = unread.slice(at + end.length);
        if (inLetter) {
          held = this.taken.length >= this.room;
          if (!held) endOfMessage();
          else
            this.waiting.push(() => {
              if (socket.destroyed) return;
              endOfMessage();
              goOn();
            });
          continue;
        }
        const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
        const verb = line.split(" ")[0]?.toUpperCase();
        if (verb === "EHLO") say("250-mail.example.com\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING");
        else if (verb === "MAIL") say(this.answers("MAIL", address));
        else if (verb === "RCPT") {
          const reply = say(this.answers("RCPT", address));
          recipient = reply?.startsWith("2") ? address : "";
        } else if (verb === "DATA") {
          inLetter = recipient !== "";
          say(inLetter ? "354 Go on" : "503 5.5.1 No recipient");
        } else if (verb === "QUIT") socket.end("221 2.0.0 Bye\r\n");
        else say("250 2.0.0 OK");
      }
    };
    say("220 mail.example.com ESMTP");
    socket.on("data", (chunk) => {
      unread += chunk.toString("latin1");
      goOn();
    });
  }
}
