// The browser and the screens that pages are tried on.
import path from "node:path";
import type { PlaywrightTestConfig } from "@playwright/test";

/** Where builds go. */
export const target = process.env.CARGO_TARGET_DIR ?? path.resolve(import.meta.dirname, "../../target");

/** Where reports, traces and screenshots of failures go. */
export const results = path.join(target, "test-results");

/** Debian's Chromium. It may not reach the network, and says nothing to anybody. */
export const chromium: PlaywrightTestConfig["use"] = {
  browserName: "chromium",
  launchOptions: {
    executablePath: process.env.VESTNIK_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
  timezoneId: "Europe/Moscow",
  colorScheme: "light",
  // Colours are judged as they are in the end, not in the middle of a transition.
  contextOptions: { reducedMotion: "reduce" },
};

export const desktop = { viewport: { width: 1280, height: 800 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
