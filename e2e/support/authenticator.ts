// An authenticator app: six digits from a secret and the time (RFC 6238).
import { createHmac } from "node:crypto";
import type { Product } from "./app";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Milliseconds for which a code is shown. */
const STEP = 30_000;

export class Authenticator {
  private readonly secret: Buffer;
  private last = 0;

  /** `typed` is the secret as a person types it: Base32 in groups. */
  constructor(
    typed: string,
    private readonly app: Product,
  ) {
    const bits = [...typed.replace(/\s/g, "")].map((digit) =>
      DIGITS.indexOf(digit).toString(2).padStart(5, "0"),
    );
    this.secret = Buffer.from((bits.join("").match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  }

  /** A code that was not given before: where it was, half a minute passes first. */
  async code(): Promise<string> {
    if (this.step() <= this.last) await this.app.passTime(STEP / 1_000);
    this.last = this.step();
    return this.codeOf(this.last);
  }

  private step(): number {
    return Math.floor(this.app.now() / STEP);
  }

  private codeOf(step: number): string {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const digest = createHmac("sha1", this.secret).update(counter).digest();
    const value = digest.readUInt32BE((digest.at(-1) ?? 0) & 15) & 0x7fffffff;
    return String(value % 1_000_000).padStart(6, "0");
  }
}
