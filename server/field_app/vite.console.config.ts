import { defineConfig } from "vite";

// The charts of the console's pages: a bundle of their own, which no tablet loads. The server finds its files in the
// manifest (server/console/documents.py).
export default defineConfig({
  base: "/console/charts/",
  publicDir: false,
  build: {
    outDir: "built/console",
    emptyOutDir: true,
    target: "es2019", // the office's browsers are old
    manifest: "manifest.json",
    modulePreload: false,
    rollupOptions: { input: "src/console/charts.ts" },
  },
});
