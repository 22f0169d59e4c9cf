import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

// The favicon under a hashed name, and the icons listed in src/icons.txt as {name: svg}, so that the built folder holds
// all that the crate embeds and no node_modules is needed after the build.
function iconFiles() {
  return {
    name: "vestnik-icons",
    generateBundle() {
      this.emitFile({
        type: "asset",
        name: "favicon.svg",
        originalFileName: "src/favicon.svg",
        source: read("src/favicon.svg"),
      });
      const names = read("src/icons.txt").split("\n").filter(Boolean);
      const icons = names.map((name) => [name, icon(name)]);
      this.emitFile({
        type: "asset",
        fileName: ".vite/icons.json",
        source: JSON.stringify(Object.fromEntries(icons)),
      });
    },
  };
}

function icon(name) {
  const shapes = read(`node_modules/lucide-static/icons/${name}.svg`)
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace("</svg>", "")
    .replace(/\s*\n\s*/g, "")
    .trim();
  return `<svg class="icon" aria-hidden="true" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes}</svg>`;
}

export default defineConfig({
  base: "/assets/",
  publicDir: false,
  plugins: [iconFiles()],
  css: {
    preprocessorOptions: {
      scss: {
        quietDeps: true,
        // Bootstrap 5.3 is written with @import and can be taken apart in no other way.
        silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
      },
    },
  },
  build: {
    outDir: "dist",
    assetsDir: "",
    manifest: true,
    // Fonts as data: URIs would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: { input: ["src/app.ts", "src/app.scss"] },
  },
});
