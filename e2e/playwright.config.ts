import { defineConfig } from "@playwright/test";
import { chromium, desktop, phone, results } from "./support/browser";
import type { Options } from "./support/test";

const ci = !!process.env.CI;

// What needs nginx, and what has to go as well through it as without.
const deployed = /deployed\.spec\.ts$/;
// What browsers do with words is the same in every language and on every screen.
const once = /hostile\.spec\.ts$/;
// How pages look and answer to keys is seen in each language on each screen. What people do on them goes once through each:
// a fault that shows in one language, or on one screen, shows in one of these two.
const everywhere = /(appearance|keyboard)\.spec\.ts$/;
const alsoDeployed = /(deployed|journey|control|catcher)\.spec\.ts$/;

export default defineConfig<Options>({
  testDir: "tests",
  outputDir: `${results}/browser`,
  fullyParallel: true,
  forbidOnly: ci,
  // A test that passes only when tried again is a test, or a product, that has to be mended.
  retries: 0,
  workers: 2,
  // What ends a test that waits for something that never comes; a slow machine is no fault.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: [[ci ? "dot" : "list"], ["json", { outputFile: `${results}/browser.json` }]],
  use: { ...chromium, trace: "retain-on-failure", screenshot: "only-on-failure" },
  projects: [
    { name: "en-desktop", use: { ...desktop, locale: "en-GB" }, testIgnore: [deployed, once] },
    { name: "ru-phone", use: { ...phone, locale: "ru-RU" }, testIgnore: [deployed, once] },
    { name: "ru-desktop", use: { ...desktop, locale: "ru-RU" }, testMatch: [everywhere, once] },
    { name: "en-phone", use: { ...phone, locale: "en-GB" }, testMatch: everywhere },
    {
      name: "deployed",
      testMatch: alsoDeployed,
      // The certificate is the test's own.
      use: { ...desktop, locale: "en-GB", deployed: true, ignoreHTTPSErrors: true },
    },
  ],
});
