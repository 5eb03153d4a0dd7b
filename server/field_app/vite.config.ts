import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";
import { words } from "./words.ts";

// Lists everything that was built, for the service worker to keep: the app starts without a network. A name with a
// hash in it is its own revision.
function precacheManifest(): Plugin {
  return {
    name: "precache-manifest",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("there is no service worker in the bundle");
      const built = Object.values(bundle)
        .filter((file) => file !== worker)
        .map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source] as const);
      const copied = readdirSync("public").map((name) => [name, readFileSync(`public/${name}`)] as const);
      const entries = [...built, ...copied].map(([name, content]) => ({
        url: `/field/${name}`,
        revision: name.startsWith("assets/") ? null : createHash("sha256").update(content).digest("hex").slice(0, 16),
      }));
      worker.code = worker.code.replace("self.__WB_MANIFEST", () => JSON.stringify(entries));
    },
  };
}

export default defineConfig({
  base: "/field/",
  plugins: [words((keys) => writeFileSync("src/generated/words.json", `${JSON.stringify(keys, null, 1)}\n`)), precacheManifest()],
  build: {
    outDir: "built",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false, // its help for old browsers is an inline script
    assetsInlineLimit: 0,
    rollupOptions: {
      checks: { pluginTimings: false }, // a slow machine is no fault of the build's
      input: { app: "index.html", sw: "src/sw.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    isolate: false, // each test has a database of its own, and puts back what it stubs: half the time
    testTimeout: 60_000, // more than a busy machine needs: it is waited out only when a test hangs
    setupFiles: ["src/tests/setup.ts"],
    alias: { "tus-js-client": "tus-js-client/lib.esm/browser/index.js" }, // the one that the app gets, not Node's
  },
});
