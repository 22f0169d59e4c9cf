// Pictures of the user guide: `make pictures`.
import path from "node:path";
import { defineConfig } from "@playwright/test";
import { chromium, results } from "./support/browser";
import type { Options } from "./support/test";

const viewport = { width: 1200, height: 760 };
const rate = { VESTNIK_SMTP_RATE: "15/s" };

export default defineConfig<Options>({
  testDir: "guide",
  testMatch: "pictures.ts",
  outputDir: path.join(results, "guide"),
  workers: 2,
  timeout: 120_000,
  reporter: "list",
  use: { ...chromium, viewport, hasMailServer: true, undoDelay: "30s" },
  projects: [
    { name: "ru", use: { locale: "ru-RU", settings: { ...rate, VESTNIK_MAIL_FROM: "hello@sever.example" } } },
    {
      name: "en",
      use: { locale: "en-GB", settings: { ...rate, VESTNIK_MAIL_FROM: "hello@harbour.example" } },
    },
  ],
});
