// Sealing what was written before there was a PIN, in place: a part at a time, so that a kill loses nothing, and the next start
// goes on. What is sealed already is left as it is.

import type { FieldDatabase, Note, OutboxRow, RecordRow } from "./database";
import { FLAG_PHOTO } from "./flag_photos";
import { isSealed, isSealedNote, OPEN_SCOPE, seal, sealBlob, sealBody, sealNote } from "./seal";

const ROWS = 250;
const UNSEALED = "unsealed"; // 1 until all of it is done
const OF_PEOPLE = ["draft:", "last:"];

export async function sealRest(db: FieldDatabase): Promise<void> {
  if (!(await db.note(UNSEALED))) return;
  await sealLines(db);
  await sealRecords(db);
  await sealPhotoRows(db);
  await sealNotes(db);
  await db.notes.where("name").startsWith(FLAG_PHOTO).delete(); // they come again, sealed
  await db.notes.delete(UNSEALED);
}

async function sealLines(db: FieldDatabase): Promise<void> {
  const seqs = await db.outbox.orderBy("seq").primaryKeys();
  for (const part of parts(seqs)) {
    const rows = (await db.outbox.bulkGet(part)).filter((row): row is OutboxRow => !!row && row.line.length > 0 && !isSealed(row.line));
    const lines = new Map(await Promise.all(rows.map(async (row) => [row.seq!, await seal(db, row.id, row.line)] as const)));
    // A line that a person put away meanwhile stays empty; what became of the entry is not touched.
    const due = db.outbox.where("seq").anyOf([...lines.keys()]);
    await due.modify((row) => void (row.line.length > 0 && (row.line = lines.get(row.seq!)!)));
  }
}

async function sealRecords(db: FieldDatabase): Promise<void> {
  const keys = (await db.records.toCollection().primaryKeys()).filter(([scope]) => scope !== OPEN_SCOPE);
  for (const part of parts(keys)) {
    const rows = (await db.records.bulkGet(part)).filter((row): row is RecordRow => !!row && !row.sealed);
    const sealed = await Promise.all(rows.map((row) => sealBody(db, row)));
    await db.transaction("rw", db.records, async () => {
      const now = await db.records.bulkGet(sealed.map(({ scope, id, kind }): [string, string, string] => [scope, id, kind]));
      // A pull may have brought another version meanwhile: sealed, because there is a key.
      await db.records.bulkPut(sealed.flatMap((row, i) => (now[i] && !now[i].sealed && now[i].rev === row.rev ? [{ ...row, stale: now[i].stale }] : [])));
    });
  }
}

async function sealPhotoRows(db: FieldDatabase): Promise<void> {
  for (const key of await db.photos.toCollection().primaryKeys()) {
    const row = await db.photos.get(key);
    if (!row || isSealed(new Uint8Array(await row.blob.slice(0, 1).arrayBuffer()))) continue;
    await db.photos.update(key, { blob: await sealBlob(db, row.sha256, row.blob) });
  }
}

async function sealNotes(db: FieldDatabase): Promise<void> {
  for (const start of OF_PEOPLE) {
    for (const { name, value } of await db.notes.where("name").startsWith(start).toArray()) {
      if (isSealedNote(value)) continue;
      const sealed: Note = { name, value: await sealNote(db, name, value) };
      await db.transaction("rw", db.notes, async () => {
        const now = (await db.notes.get(name))?.value;
        if (now !== undefined && !isSealedNote(now)) await db.notes.put(sealed);
      });
    }
  }
}

function* parts<Key>(keys: readonly Key[]): Generator<Key[]> {
  for (let at = 0; at < keys.length; at += ROWS) yield keys.slice(at, at + ROWS);
}
