// Pictures of the main pages: `make screenshots OUT=folder`.
import { defineConfig } from "@playwright/test";
import { chromium, desktop, phone } from "./support/browser";

const projects = [];
for (const [language, locale] of [
  ["ru", "ru-RU"],
  ["en", "en-GB"],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const [size, use] of [
      ["wide", desktop],
      ["phone", phone],
    ] as const) {
      projects.push({ name: `${language}-${colorScheme}-${size}`, use: { ...use, locale, colorScheme } });
    }
  }
}

export default defineConfig({
  testDir: "screenshots",
  testMatch: "*.ts",
  outputDir: `${process.env.VESTNIK_SCREENSHOTS}/failed`,
  workers: 2,
  timeout: 120_000,
  reporter: "list",
  use: chromium,
  projects,
});
