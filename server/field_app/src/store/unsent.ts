// What has not reached the server: entries without an outcome, and photos of entries that it did not refuse. Nothing of it
// is ever deleted, unless a person has carried it away in a file.

import type { FieldDatabase, OutboxRow, PhotoRow } from "./database";

export interface Unsent {
  entries: number;
  photos: number;
}

/** A photo that waits, and the entry that promises it. */
export interface UnsentPhoto {
  photo: PhotoRow;
  row: OutboxRow;
}

/** Of one scope, or of all. */
export async function unsent(db: FieldDatabase, scope?: string): Promise<Unsent> {
  const waiting = await waitingRows(db, scope).count();
  return { entries: waiting, photos: (await unsentPhotos(db, scope)).length };
}

export function isNothing({ entries, photos }: Unsent): boolean {
  return entries + photos === 0;
}

/** In the order in which their entries were written. */
export async function unsentPhotos(db: FieldDatabase, scope?: string): Promise<UnsentPhoto[]> {
  const photos = await db.photos.where("state").equals("waiting").toArray();
  const rows = await db.outbox.where("id").anyOf(photos.map((photo) => photo.entry)).toArray();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return photos
    .flatMap((photo) => {
      const row = byId.get(photo.entry);
      return row && !isRefused(row) && (!scope || row.scope === scope) ? [{ photo, row }] : [];
    })
    .sort((a, b) => a.row.seq! - b.row.seq!);
}

/** The number, in the order of writing, of the last entry of which something is unsent; 0 for none. */
export async function lastUnsent(db: FieldDatabase): Promise<number> {
  const last = await waitingRows(db).last();
  return Math.max(last?.seq ?? 0, ...(await unsentPhotos(db)).map(({ row }) => row.seq!));
}

/** Whether everything unsent is in a file that a person was given. */
export async function isExported(db: FieldDatabase): Promise<boolean> {
  return (await lastUnsent(db)) <= (await db.numberNote("exported_seq"));
}

function waitingRows(db: FieldDatabase, scope?: string) {
  if (scope) return db.outbox.where("[scope+state]").equals([scope, "waiting"]);
  return db.outbox.where("state").equals("waiting");
}

function isRefused(row: OutboxRow): boolean {
  return row.state === "settled" && row.outcome === "refused";
}
