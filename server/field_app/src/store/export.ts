// The way out when no network comes and the tablet is about to die: everything unsent as one file, which the office takes in,
// and what is half filled in, for the same person's next tablet.
// The lines are byte for byte what would have been sent, numbered and chained, and signed as a whole.

import { strToU8, zipSync } from "fflate";
import { hex, joined, sha256, utf8 } from "../protocol/bytes";
import { exportText, signText } from "../protocol/signatures";
import { wallText } from "../protocol/time";
import { draftFiles } from "./carried_drafts";
import type { FieldDatabase } from "./database";
import { unsealBlob, unsealLines } from "./seal";
import { lastUnsent, unsentPhotos } from "./unsent";

/** A zip: `about.json` says whose it is, with its signature and the last receipts; `entries.ndjson` has each waiting line;
 * `photos/<sha256>` are the photos that wait; `drafts.json` and `drafts/` see carried_drafts.ts. */
export async function unsentFile(db: FieldDatabase): Promise<Blob> {
  const identity = await db.identity.get("one");
  const rows = await unsealLines(db, await db.outbox.where("state").equals("waiting").sortBy("seq"));
  const photos = (await unsentPhotos(db)).map(({ photo }) => photo);
  const scopes = await db.scopes.toArray();
  const entries = joined(rows.flatMap((row) => [row.line, utf8("\n")]));
  const sig = identity && (await signText(identity.keys.privateKey, exportText(identity.device, hex(await sha256(entries)))));
  const about = {
    gongdi_export: 3,
    ...{ device: identity?.device, user: identity?.user, at: wallText(Date.now()), sig },
    receipts: Object.fromEntries(scopes.map(({ scope, receipt }) => [scope, receipt])),
    photos: photos.map(({ entry, sha256, type }) => ({ entry, sha256, type })),
  };
  const files: Record<string, Uint8Array> = {
    "about.json": strToU8(JSON.stringify(about, null, 1)),
    "entries.ndjson": entries,
  };
  for (const photo of photos) files[`photos/${photo.sha256}.${photo.type.split("/")[1]}`] = await bytesOf(await unsealBlob(db, photo.sha256, photo.blob));
  Object.assign(files, await draftFiles(db));
  return new Blob([zipSync(files, { level: 0 }) as Uint8Array<ArrayBuffer>], { type: "application/zip" });
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** Hand the file to the person, and remember how far it goes. */
export async function exportUnsent(db: FieldDatabase): Promise<void> {
  const last = await lastUnsent(db);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await unsentFile(db));
  link.download = `gongdi-${wallText(Date.now()).slice(0, 16).replaceAll(/[:T]/g, "-")}.zip`;
  link.click();
  URL.revokeObjectURL(link.href);
  await db.setNote("exported_seq", last);
}
