// The photos of flags' replies that are kept on this tablet while the flag is open.

import type { ReplyPhoto } from "../domain/flags";
import type { FieldDatabase } from "./database";
import { sealBlob, unsealBlob } from "./seal";

export const FLAG_PHOTO = "flag_photo:";
const nameOf = ({ flag, sha256 }: ReplyPhoto) => `${FLAG_PHOTO}${flag} ${sha256}`;

/** Those of a flag that are here, by SHA-256. */
export async function flagPhotos(db: FieldDatabase, flag: string): Promise<Map<string, Blob>> {
  const rows = await db.notes.where("name").startsWith(`${FLAG_PHOTO}${flag} `).toArray();
  const opened = rows.map(async ({ name, value }) => [name.split(" ")[1]!, await unsealBlob(db, name, value as Blob)] as const);
  return new Map(await Promise.all(opened));
}

export async function keepFlagPhoto(db: FieldDatabase, photo: ReplyPhoto, blob: Blob): Promise<void> {
  const name = nameOf(photo);
  await db.notes.put({ name, value: await sealBlob(db, name, blob) });
}

/** Forget all but these; gives which of these are lacking, in their order, and how many bytes the others have. */
export async function forgetOthers(db: FieldDatabase, wanted: readonly ReplyPhoto[]): Promise<{ lacking: ReplyPhoto[]; bytes: number }> {
  const names = new Set(wanted.map(nameOf));
  const rows = await db.notes.where("name").startsWith(FLAG_PHOTO).toArray();
  await db.notes.bulkDelete(rows.filter(({ name }) => !names.has(name)).map(({ name }) => name));
  const here = rows.filter(({ name }) => names.has(name));
  const held = new Set(here.map(({ name }) => name));
  return { lacking: wanted.filter((one) => !held.has(nameOf(one))), bytes: here.reduce((sum, { value }) => sum + (value as Blob).size, 0) };
}
