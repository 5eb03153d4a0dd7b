// Encryption at rest: what says something about people is sealed with the data key of this person's database (AES-256-GCM).
// Indexes stay plain: they hold ids, days and states. Without a PIN (store/pin.ts) there is no key, and nothing is sealed.

import { type Bytes, joined, utf8 } from "../protocol/bytes";
import { type FieldDatabase, FieldError, type OutboxRow, type PhotoRow, type RecordRow } from "./database";

const MARK = 1; // no line, photo or document begins with this byte
const IV_BYTES = 12;
const HEAD_BYTES = 1 + IV_BYTES;
export const OPEN_SCOPE = "ref"; // reference data: of nobody

const decoder = new TextDecoder();

export function isSealed(bytes: Bytes): boolean {
  return bytes[0] === MARK;
}

/** Sealed, and bound to its place: moved elsewhere it does not open. As it is where this database has no PIN. Throws FieldError
 * `locked`. Never to be waited for within a transaction. */
export async function seal(db: FieldDatabase, place: string, bytes: Bytes): Promise<Bytes> {
  if (db.isLocked) throw new FieldError("locked");
  if (!db.key || bytes.length === 0) return bytes;
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(place) }, db.key, bytes);
  return joined([Uint8Array.of(MARK), iv, new Uint8Array(sealed)]);
}

/** What `seal` sealed; anything else as it is. Throws FieldError `locked`, and an OperationError for bytes that were changed. */
export async function unseal(db: FieldDatabase, place: string, bytes: Bytes): Promise<Bytes> {
  if (!isSealed(bytes)) return bytes;
  if (!db.key) throw new FieldError("locked");
  const iv = bytes.subarray(1, HEAD_BYTES);
  const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: utf8(place) }, db.key, bytes.subarray(HEAD_BYTES));
  return new Uint8Array(opened);
}

/** Rows of the outbox whose lines can be read. */
export function unsealLines<Row extends OutboxRow>(db: FieldDatabase, rows: readonly Row[]): Promise<Row[]> {
  return Promise.all(rows.map(async (row) => (isSealed(row.line) ? { ...row, line: await unseal(db, row.id, row.line) } : row)));
}

/** Rows of records with their bodies. */
export function unsealBodies(db: FieldDatabase, rows: readonly RecordRow[]): Promise<RecordRow[]> {
  return Promise.all(
    rows.map(async (row) => (row.sealed ? { ...row, body: JSON.parse(decoder.decode(await unseal(db, placeOf(row), row.sealed))) } : row)),
  );
}

/** A record as it is to be stored. */
export async function sealBody(db: FieldDatabase, row: RecordRow): Promise<RecordRow> {
  if (db.isLocked) throw new FieldError("locked");
  if (!db.key || row.scope === OPEN_SCOPE) return row;
  return { ...row, body: {}, sealed: await seal(db, placeOf(row), utf8(JSON.stringify(row.body))) };
}

function placeOf({ scope, kind, id, rev }: RecordRow): string {
  return `${scope} ${kind} ${id} ${rev}`;
}

/** A photo as it is to be stored. `place`: what its bytes are bound to, as their SHA-256. */
export async function sealBlob(db: FieldDatabase, place: string, blob: Blob): Promise<Blob> {
  if (db.isLocked) throw new FieldError("locked");
  return db.key ? new Blob([await seal(db, place, await bytesOf(blob))], { type: blob.type }) : blob;
}

export async function unsealBlob(db: FieldDatabase, place: string, blob: Blob): Promise<Blob> {
  const head = await bytesOf(blob.slice(0, 1));
  return isSealed(head) ? new Blob([await unseal(db, place, await bytesOf(blob))], { type: blob.type }) : blob;
}

export function sealPhotos(db: FieldDatabase, rows: readonly PhotoRow[]): Promise<PhotoRow[]> {
  return Promise.all(rows.map(async (row) => ({ ...row, blob: await sealBlob(db, row.sha256, row.blob) })));
}

/** What a form keeps, with the id of the entry that it will be in the open: it is looked for in transactions. */
export interface SealedNote {
  id?: unknown;
  sealed: Bytes;
  blobs: Blob[];
}

/** A draft, or what stood in a form last time, as it is to be stored. It is JSON but for its photos. */
export async function sealNote(db: FieldDatabase, name: string, value: unknown): Promise<unknown> {
  if (db.isLocked) throw new FieldError("locked");
  if (!db.key) return value;
  const photos: Blob[] = [];
  const text = JSON.stringify(value, (_, one) => (one instanceof Blob ? { [BLOB]: photos.push(one) - 1 } : one));
  const blobs = await Promise.all(photos.map((photo) => sealBlob(db, name, photo)));
  return { id: (value as { id?: unknown }).id, sealed: await seal(db, name, utf8(text)), blobs } satisfies SealedNote;
}

const BLOB = "$blob";

export function isSealedNote(value: unknown): value is SealedNote {
  return typeof value === "object" && value !== null && (value as Partial<SealedNote>).sealed instanceof Uint8Array;
}

export async function unsealNote(db: FieldDatabase, name: string, value: unknown): Promise<unknown> {
  if (!isSealedNote(value)) return value;
  const blobs = await Promise.all(value.blobs.map((blob) => unsealBlob(db, name, blob)));
  const text = decoder.decode(await unseal(db, name, value.sealed));
  return JSON.parse(text, (_, one) => (typeof one?.[BLOB] === "number" ? blobs[one[BLOB]] : one)) as unknown;
}

async function bytesOf(blob: Blob): Promise<Bytes> {
  return new Uint8Array(await blob.arrayBuffer());
}

