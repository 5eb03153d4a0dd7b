// The way out when no network comes and the tablet is about to die: everything unsent as one file, byte for byte.

import { joined, utf8 } from "../protocol/bytes";
import { wallText } from "../protocol/time";
import type { FieldDatabase } from "./database";

/** First a line that says whose it is, then each waiting line exactly as it would have been sent. */
export async function unsentFile(db: FieldDatabase): Promise<Blob> {
  const identity = await db.identity.get("one");
  const rows = await db.outbox.where("state").equals("waiting").sortBy("seq");
  const about = { gongdi_export: 1, device: identity?.device, user: identity?.user, at: wallText(Date.now()), entries: rows.length };
  const lines = [utf8(JSON.stringify(about)), ...rows.map((row) => row.line)];
  return new Blob([joined(lines.flatMap((line) => [line, utf8("\n")]))], { type: "application/x-ndjson" });
}

/** Hand the file to the person. */
export async function exportUnsent(db: FieldDatabase): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await unsentFile(db));
  link.download = `gongdi-${wallText(Date.now()).slice(0, 16).replaceAll(/[:T]/g, "-")}.ndjson`;
  link.click();
  URL.revokeObjectURL(link.href);
}
