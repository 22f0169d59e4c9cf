import { defineConfig } from "@playwright/test";
import { chromium, desktop, phone, results } from "./support/browser";

const ci = !!process.env.CI;

export default defineConfig({
  testDir: "tests",
  outputDir: `${results}/browser`,
  fullyParallel: true,
  forbidOnly: ci,
  // A test that passes only when tried again is a test, or a product, that has to be mended.
  retries: 0,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 10_000 },
  reporter: [[ci ? "dot" : "list"], ["json", { outputFile: `${results}/browser.json` }]],
  use: { ...chromium, trace: "retain-on-failure", screenshot: "only-on-failure" },
  projects: [
    { name: "ru-desktop", use: { ...desktop, locale: "ru-RU" } },
    { name: "en-desktop", use: { ...desktop, locale: "en-GB" } },
    { name: "ru-phone", use: { ...phone, locale: "ru-RU" } },
    { name: "en-phone", use: { ...phone, locale: "en-GB" } },
  ],
});
