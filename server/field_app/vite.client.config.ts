import { readFileSync } from "node:fs";
import { defineConfig } from "vite";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf-8")) as { dependencies: Record<string, string> };

// The app's lower floors as a library (pack_client.py): its own dependencies are installed with it, and not packed into it.
export default defineConfig({
  publicDir: false,
  build: {
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    lib: { entry: "src/client.ts", formats: ["es"], fileName: "client" },
    rollupOptions: { external: Object.keys(dependencies) },
  },
});
