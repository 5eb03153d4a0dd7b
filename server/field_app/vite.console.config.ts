import { defineConfig } from "vite";

// The scripts of the console's pages: charts, and forms that are filled in. No tablet loads them. The server finds their files in
// the manifest (server/console/scripts.py).
export default defineConfig({
  base: "/console/scripts/",
  publicDir: false,
  build: {
    outDir: "built/console",
    emptyOutDir: true,
    target: ["chrome67", "firefox68"], // the office's browsers are old; these are the first with whole numbers of any size
    manifest: "manifest.json",
    modulePreload: false,
    rollupOptions: { input: { charts: "src/console/charts.ts", fill: "src/console/fill.ts" } },
  },
});
