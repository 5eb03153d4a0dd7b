// The stock client as anybody would use it: fixed headers, retries by itself. Reads one JSON object from the standard input.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { modules, endpoint, headers, metadata, data, chunkSize } = JSON.parse(readFileSync(0, "utf-8"));
const { Upload } = createRequire(modules)("tus-js-client");

let retries = 0;
const upload = new Upload(Buffer.from(data, "base64"), {
  endpoint,
  headers,
  metadata,
  chunkSize,
  retryDelays: [0, 10, 10, 10],
  onShouldRetry: () => ((retries += 1), true),
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({ retries })),
});
upload.start();
