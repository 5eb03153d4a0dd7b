// Writing, without a network: facts, new workers, changes of workers, and declaring a record void.

import { type Body, type Draft, type MediaPromise, type Moment } from "../protocol/entry";
import { uuid7 } from "../protocol/ids";
import { wallText } from "../protocol/time";
import { type FieldDatabase, FieldError, type PhotoRow } from "./database";
import type { Photo } from "../domain/photos";
import { append, unsettledMaker } from "./outbox";

/** `id`: of an entry whose name was chosen before it was written. `observedMs` (补录): when the work was done, for what was
 * first written on paper; null: now. `form`: the version of the published form. `about`: the records that the body names;
 * else its worker. */
export interface Further {
  id?: string;
  observedMs?: number | null;
  form?: number | undefined;
  about?: readonly string[];
}

/** A fact or a new register. `needs` is found out from the worker that a fact is about. Gives the entry's id. Throws
 * `observed_ahead` for work that is still to be done, as far as this tablet knows. */
export async function add(
  db: FieldDatabase,
  scope: string,
  kind: string,
  body: Body,
  photos: readonly Photo[] = [],
  { id = uuid7(Date.now()), observedMs = null, form, about = [body["worker"]].filter((one) => typeof one === "string") }: Further = {},
): Promise<string> {
  const [needs, at] = await Promise.all([needsOf(db, scope, about), moment(db)]);
  if (observedMs !== null) {
    if (observedMs > Date.now() + (await db.numberNote("server_offset_ms"))) throw new FieldError("observed_ahead");
    at.observed = wallText(observedMs);
  }
  const draft: Draft = { id, scope, kind, record: id, act: "add", at, body, needs };
  return append(db, { ...draft, media: promises(photos), ...(form && { form }) }, rowsOf(id, photos));
}

/** A fact in place of one that was wrong; both stay readable. When the work was done is as it was. Throws `unknown_record`. */
export async function amend(
  db: FieldDatabase,
  scope: string,
  amends: string,
  body: Body,
  photos: readonly Photo[] = [],
  { id = uuid7(Date.now()), form, about = [] }: Further = {},
): Promise<string> {
  const { kind } = await knownRecord(db, scope, amends);
  const [needs, at] = await Promise.all([needsOf(db, scope, [amends, ...about]), moment(db)]);
  const draft: Draft = { id, scope, kind, record: id, act: "amend", amends, at, body, needs };
  return append(db, { ...draft, media: promises(photos), ...(form && { form }) }, rowsOf(id, photos));
}

/** Change fields of a register, from the version that was last pulled. Throws `unknown_record`. */
export async function edit(
  db: FieldDatabase,
  scope: string,
  record: string,
  changes: Body,
  photos: readonly Photo[] = [],
  { form }: Further = {},
): Promise<string> {
  const known = await knownRecord(db, scope, record);
  const draft = await draftOf(db, scope, known, record);
  const change: Draft = { ...draft, act: "edit", base: known.rev, body: changes, media: promises(photos), ...(form && { form }) };
  return append(db, change, rowsOf(draft.id, photos));
}

/** Declare a record void, and why. Throws `unknown_record`. */
export async function voidRecord(db: FieldDatabase, scope: string, record: string, reason: string): Promise<string> {
  const known = await knownRecord(db, scope, record);
  return append(db, { ...(await draftOf(db, scope, known, record)), act: "void", body: {}, reason });
}

function promises(photos: readonly Photo[]): MediaPromise[] {
  return photos.map(({ sha256, bytes, type }) => ({ sha256, bytes, type }));
}

function rowsOf(entry: string, photos: readonly Photo[]): PhotoRow[] {
  return photos.map(({ sha256, type, blob }) => ({ entry, sha256, type, blob, state: "waiting", url: "", code: "" }));
}

type Known = { kind: string; rev: number };

async function draftOf(db: FieldDatabase, scope: string, known: Known, record: string): Promise<Omit<Draft, "act" | "body">> {
  const needs = await needsOf(db, scope, [record]);
  return { id: uuid7(Date.now()), scope, kind: known.kind, record, at: await moment(db), needs };
}

async function needsOf(db: FieldDatabase, scope: string, records: readonly string[]): Promise<string[]> {
  const makers = await Promise.all(records.map((record) => unsettledMaker(db, scope, record)));
  return [...new Set(makers)].filter((maker) => maker !== null);
}

/** Kind and rev last pulled of a record, or of one that this tablet made itself: then rev 1, which an add gives. A pull
 * moves a record from the one table to the other, so both are read in one transaction. */
async function knownRecord(db: FieldDatabase, scope: string, record: string): Promise<Known> {
  const [pulled, own] = await db.transaction("r", db.records, db.outbox, () =>
    Promise.all([db.records.where("id").equals(record).toArray(), db.outbox.where("record").equals(record).toArray()]),
  );
  const there = pulled.find((row) => row.scope === scope);
  if (there) return { kind: there.kind, rev: there.rev };
  const made = own.find((row) => row.scope === scope && row.shown === 1 && (row.act === "add" || row.act === "amend"));
  if (!made) throw new FieldError("unknown_record");
  return { kind: made.kind, rev: 1 };
}

/** This moment as the tablet claims it; the beacon proves that it is not before the last exchange. A browser has no clock
 * that is sure to go on while the tablet sleeps, so `boot` and `up_ms` stay away: an anchor would lie. */
async function moment(db: FieldDatabase): Promise<Moment> {
  const beacon = await db.note("beacon");
  const wall = wallText(Date.now());
  return beacon ? { wall, beacon: String(beacon) } : { wall };
}
