// The records as a person sees them now: what was pulled, with this tablet's own work that was not pulled back laid over.

import type { Photo } from "../domain/photos";
import type { Body } from "../protocol/entry";
import { parseMs } from "../protocol/time";
import type { FieldDatabase, OutboxRow } from "./database";
import { unsealBlob, unsealBodies, unsealLines } from "./seal";
import { type Asked, entryOf, type Item, type Layers, layers, type Own } from "./listing";

export { entryOf, type Item, type ItemState } from "./listing";

/** Neither declared void nor corrected by another. */
export function isStanding({ body }: Item): boolean {
  return body["voided"] !== true && !body["amended_by"];
}

/** The records of a kind in a scope, or in all of them (""); with `day`, the facts and windows of that local day. */
export async function listed(db: FieldDatabase, kind: string, scope: string, day?: string): Promise<Item[]> {
  return (await listedTogether(db, scope, [{ kind, day }]))[0];
}

/** Several such lists, as they are at one moment. */
export async function listedTogether<const Lists extends readonly Asked[]>(db: FieldDatabase, scope: string, asked: Lists) {
  return (await layers(db, scope, asked)).map(laidOver) as { -readonly [One in keyof Lists]: Item[] };
}

/** One record of a kind as `listed` would show it. */
export async function found(db: FieldDatabase, kind: string, scope: string, id: string): Promise<Item | undefined> {
  return (await listed(db, kind, scope)).find((item) => item.id === id);
}

/** When the work of an entry of this tablet's was done, as its author says; null for one that was written at once. */
export function observedMsOf(row: OutboxRow): number | null {
  return parseMs(entryOf(row).at?.observed);
}

/** What the records of these ids are called, as far as this tablet knows: workers above all. */
export async function namesOf(db: FieldDatabase, ids: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const take = (id: string, name: unknown) => typeof name === "string" && names.set(id, name);
  for (const row of await unsealLines(db, await db.outbox.where("record").anyOf(ids).toArray())) take(row.record, entryOf(row).body["name"]);
  for (const row of await unsealBodies(db, await db.records.where("id").anyOf(ids).toArray())) take(row.id, row.body["name"]);
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
  const row = id ? await entryRow(db, id) : null;
  if (!row) return null;
  return { id: row.id, body: entryOf(row).body, observedMs: observedMsOf(row), photos: await photosOf(db, [row.id]) };
}

/** An entry of this tablet's; null for one that is not here. */
export async function entryRow(db: FieldDatabase, id: string): Promise<OutboxRow | null> {
  const rows = await db.outbox.where("id").equals(id).toArray();
  return (await unsealLines(db, rows))[0] ?? null;
}

/** The photos of these entries that are still here. */
export async function photosOf(db: FieldDatabase, entries: readonly string[]): Promise<Photo[]> {
  const rows = await db.photos.where("entry").anyOf(entries).toArray();
  return Promise.all(
    rows.map(async ({ sha256, type, blob: kept }) => {
      const blob = await unsealBlob(db, sha256, kept);
      return { sha256, type, blob, bytes: blob.size };
    }),
  );
}

/** What this tablet has written about a record, the first entry first. */
export async function ownEntries(db: FieldDatabase, record: string): Promise<OutboxRow[]> {
  return unsealLines(db, await db.outbox.where("record").equals(record).sortBy("seq"));
}

function laidOver({ pulled, own }: Layers): Item[] {
  const items = new Map(pulled.map((item) => [item.id, item]));
  for (const one of own) overlay(items, one);
  return [...items.values()];
}

function overlay(items: Map<string, Item>, { act, record, item, amends, state }: Own): void {
  const there = items.get(record);
  if (act === "edit" || act === "void") {
    const changes = act === "edit" ? item.body : { voided: true };
    if (there) items.set(record, { ...there, body: { ...there.body, ...changes }, state });
    return;
  }
  if (there) return;
  const amended = amends ? items.get(amends) : undefined;
  items.set(record, asOf(item, amended?.body["observed"]));
  if (amended) items.set(amended.id, { ...amended, body: { ...amended.body, amended_by: record } });
}

/** A correction says nothing of when the work was done: then it was done when what it corrects was. */
function asOf(item: Item, observed: unknown): Item {
  const timeMs = parseMs(observed);
  return timeMs === null || item.body["observed"] ? item : { ...item, body: { ...item.body, observed }, timeMs };
}
