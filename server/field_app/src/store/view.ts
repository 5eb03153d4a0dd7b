// The records as a person sees them now: what was pulled, with this tablet's own work that was not pulled back laid over.

import Dexie from "dexie";
import type { Body, Moment } from "../protocol/entry";
import type { Photo } from "../domain/photos";
import { parseMs } from "../protocol/time";
import type { FieldDatabase, OutboxRow } from "./database";
import { eventMs } from "./times";

export type ItemState = "synced" | "sent" | "held" | "unsent";

/** One record. A corrected fact stays, with `amended_by` in its body; a void one with `voided`, as the server sends
 * them. `rev` is 0 until the server has given one. */
export interface Item {
  scope: string;
  kind: string;
  id: string;
  rev: number;
  body: Body;
  timeMs: number; // of a fact: when it happened, as well as is known
  state: ItemState;
}

/** Neither declared void nor corrected by another. */
export function isStanding({ body }: Item): boolean {
  return body["voided"] !== true && !body["amended_by"];
}

/** The records of a kind in a scope, or in all of them (""); with `day`, the facts and windows of that local day. Both
 * tables are read in one transaction: between two of them a pull could take a record out of the one that is read second. */
export async function listed(db: FieldDatabase, kind: string, scope: string, day?: string): Promise<Item[]> {
  const items = new Map<string, Item>();
  const low = [kind, scope || Dexie.minKey, day ?? Dexie.minKey];
  const high = [kind, scope || Dexie.maxKey, day ?? Dexie.maxKey];
  const [pulled, own] = await db.transaction("r", db.records, db.outbox, () =>
    Promise.all([
      db.records.where("[kind+scope+day]").between(low, high, true, true).toArray(),
      db.outbox.where("[kind+shown]").equals([kind, 1]).sortBy("seq"),
    ]),
  );
  for (const row of pulled) {
    if (day !== undefined && row.day !== day) continue;
    const timeMs = eventMs(row.body) ?? 0;
    items.set(row.id, { ...{ scope: row.scope, kind, id: row.id, rev: row.rev, body: row.body }, timeMs, state: "synced" });
  }
  for (const row of own) {
    const isAsked = (!scope || row.scope === scope) && (day === undefined || row.day === day || row.act === "void");
    if (isAsked) overlay(items, row);
  }
  return [...items.values()];
}

/** One record of a kind as `listed` would show it. */
export async function found(db: FieldDatabase, kind: string, scope: string, id: string): Promise<Item | undefined> {
  return (await listed(db, kind, scope)).find((item) => item.id === id);
}

/** The members of a line that was written here. */
export function entryOf(row: OutboxRow): { body: Body; at?: Moment; amends?: string; reason?: string } {
  return row.line.length ? JSON.parse(new TextDecoder().decode(row.line)) : { body: {} };
}

/** When the work of an entry of this tablet's was done, as its author says; null for one that was written at once. */
export function observedMsOf(row: OutboxRow): number | null {
  return parseMs(entryOf(row).at?.observed);
}

/** What the records of these ids are called, as far as this tablet knows: workers above all. */
export async function namesOf(db: FieldDatabase, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const take = (id: string, name: unknown) => typeof name === "string" && names.set(id, name);
  for (const row of await db.outbox.where("record").anyOf(ids).toArray()) take(row.record, entryOf(row).body["name"]);
  for (const row of await db.records.where("id").anyOf(ids).toArray()) take(row.id, row.body["name"]);
  return names;
}

/** What an entry of this tablet's said, and its photos: for whoever writes it again. */
export interface Written {
  id: string;
  body: Body;
  observedMs: number | null; // when the work was done, if it was written down later
  photos: Photo[];
}

/** Null for one that is not here. */
export async function writtenIn(db: FieldDatabase, id: string | null): Promise<Written | null> {
  const row = id ? await db.outbox.where("id").equals(id).first() : undefined;
  if (!row) return null;
  return { id: row.id, body: entryOf(row).body, observedMs: observedMsOf(row), photos: await photosOf(db, [row.id]) };
}

/** The photos of these entries that are still here. */
export async function photosOf(db: FieldDatabase, entries: readonly string[]): Promise<Photo[]> {
  const rows = await db.photos.where("entry").anyOf(entries).toArray();
  return rows.map(({ sha256, type, blob }) => ({ sha256, type, blob, bytes: blob.size }));
}

/** What this tablet has written about a record, the first entry first. */
export async function ownEntries(db: FieldDatabase, record: string): Promise<OutboxRow[]> {
  return db.outbox.where("record").equals(record).sortBy("seq");
}

function overlay(items: Map<string, Item>, row: OutboxRow): void {
  const there = items.get(row.record);
  const state: ItemState = row.state === "waiting" ? "unsent" : row.outcome === "held" ? "held" : "sent";
  const entry = entryOf(row);
  if (row.act === "edit" || row.act === "void") {
    const changes = row.act === "edit" ? entry.body : { voided: true };
    if (there) items.set(row.record, { ...there, body: { ...there.body, ...changes }, state });
    return;
  }
  if (there) return;
  const amended = entry.amends ? items.get(entry.amends) : undefined;
  const observed = entry.at?.observed ?? amended?.body["observed"];
  const body = { ...entry.body, ...(entry.amends && { amends: entry.amends }), ...(observed ? { observed } : {}) };
  const timeMs = parseMs(observed) ?? row.wallMs;
  items.set(row.record, { scope: row.scope, kind: row.kind, id: row.record, rev: 0, body, timeMs, state });
  if (amended) items.set(amended.id, { ...amended, body: { ...amended.body, amended_by: row.record } });
}
