// The photos of flags' replies that are kept on this tablet while the flag is open.

import type { FieldDatabase } from "./database";
import type { ReplyPhoto } from "../domain/flags";

const PREFIX = "flag_photo:";
const nameOf = ({ flag, sha256 }: ReplyPhoto) => `${PREFIX}${flag} ${sha256}`;

/** Those of a flag that are here, by SHA-256. */
export async function flagPhotos(db: FieldDatabase, flag: string): Promise<Map<string, Blob>> {
  const rows = await db.notes.where("name").startsWith(`${PREFIX}${flag} `).toArray();
  return new Map(rows.map(({ name, value }) => [name.split(" ")[1]!, value as Blob]));
}

export async function keepFlagPhoto(db: FieldDatabase, photo: ReplyPhoto, blob: Blob): Promise<void> {
  await db.notes.put({ name: nameOf(photo), value: blob });
}

/** Forget all but these; gives which of these are lacking, in their order, and how many bytes the others have. */
export async function forgetOthers(db: FieldDatabase, wanted: readonly ReplyPhoto[]): Promise<{ lacking: ReplyPhoto[]; bytes: number }> {
  const names = new Set(wanted.map(nameOf));
  const rows = await db.notes.where("name").startsWith(PREFIX).toArray();
  await db.notes.bulkDelete(rows.filter(({ name }) => !names.has(name)).map(({ name }) => name));
  const here = rows.filter(({ name }) => names.has(name));
  const held = new Set(here.map(({ name }) => name));
  return { lacking: wanted.filter((one) => !held.has(nameOf(one))), bytes: here.reduce((sum, { value }) => sum + (value as Blob).size, 0) };
}
