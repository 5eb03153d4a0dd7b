// Reading thousands of records again and again, after every touch: what cannot have changed is not read a second time.
//
// A line that was written here never changes, so what it says is kept in memory under its `seq`; which of them lie over
// the records, and whether they were sent, is asked of indexes, each time. What was pulled is kept until the scope's
// cursor, count or digest says that something else came down. So every answer is what one transaction found. What is sealed
// is opened after it: a transaction does not wait.

import Dexie from "dexie";
import type { Act, Body, Moment } from "../protocol/entry";
import { parseMs } from "../protocol/time";
import type { FieldDatabase, OutboxRow } from "./database";
import { unsealBodies, unsealLines } from "./seal";
import { eventMs } from "./times";

export type ItemState = "synced" | "sent" | "held" | "unsent";

/** One record. A corrected fact stays, with `amended_by` in its body; a void one with `voided`, as the server sends
 * them. `rev` is 0 until the server has given one. Items are shared between answers: nobody changes one. */
export interface Item {
  scope: string;
  kind: string;
  id: string;
  rev: number;
  body: Body;
  timeMs: number; // of a fact: when it happened, as well as is known
  state: ItemState;
}

/** The members of a line that was written here. */
export interface Entry {
  body: Body;
  at?: Moment;
  amends?: string;
  reason?: string;
}

/** What a line of this tablet's says, and how far it has come. */
export interface Own {
  act: Act;
  record: string;
  item: Item; // what an `add` makes, and what an `edit` changes in its body
  amends: string | undefined;
  state: ItemState;
}

/** The records of a kind: all of a scope's, or those of one local day. */
export interface Asked {
  kind: string;
  day?: string | undefined;
}

/** What was pulled, and what was written here and lies over it, in the order of writing. */
export interface Layers {
  pulled: readonly Item[];
  own: readonly Own[];
}

const READ_ONE_BY_ONE_MAX = 32; // beyond it, a whole range is faster

type Line = Omit<Own, "state"> & { kind: string; scope: string; day: string };

interface Kept {
  lines: Map<number, Line>; // by seq
  pulled: Map<string, { stamp: string; items: readonly Item[] }>;
}

const keptOf = new WeakMap<FieldDatabase, Kept>();

const decoder = new TextDecoder(); // one for all: thousands of lines are read at a start

export function entryOf(row: OutboxRow): Entry {
  return row.line.length ? JSON.parse(decoder.decode(row.line)) : { body: {} };
}

/** Several kinds of one scope, or of all (""), in one transaction: between two of them a pull could take a record out of
 * the table that is read second. */
export async function layers(db: FieldDatabase, scope: string, asked: readonly Asked[]): Promise<Layers[]> {
  const kept = keptOf.get(db) ?? { lines: new Map(), pulled: new Map() };
  keptOf.set(db, kept);
  const found = await db.transaction("r", db.scopes, db.records, db.outbox, async () => {
    const [row, voids, held] = await Promise.all([
      scope ? db.scopes.get(scope) : undefined,
      db.outbox.where("[shown+act]").equals([1, "void"]).primaryKeys(),
      db.outbox.where("[state+outcome+seen]").between(["settled", "held", 0], ["settled", "held", 1], true, true).primaryKeys(),
    ]);
    const stamp = row ? `${row.cursor} ${row.live} ${row.digest}` : "";
    const isHeld = new Set(held);
    return Promise.all(
      asked.map(async (one) => {
        const [pulled, own] = await Promise.all([pulledOf(db, kept, scope, stamp, one), ownOf(db, kept, scope, voids, isHeld, one)]);
        return { pulled, own };
      }),
    );
  });
  return Promise.all(found.map(async ({ pulled, own }) => ({ pulled: await pulled(), own: await own() })));
}

/** Reads what is not known yet; to be called in a transaction. Gives what opens it, after the transaction. */
async function pulledOf(db: FieldDatabase, kept: Kept, scope: string, stamp: string, { kind, day }: Asked): Promise<() => Promise<readonly Item[]>> {
  const key = `${scope} ${kind} ${day ?? ""}`;
  const known = kept.pulled.get(key);
  if (known && stamp && known.stamp === stamp) return async () => known.items;
  const low = [kind, scope || Dexie.minKey, day ?? Dexie.minKey];
  const high = [kind, scope || Dexie.maxKey, day ?? Dexie.maxKey];
  const rows = await db.records.where("[kind+scope+day]").between(low, high, true, true).toArray();
  return async () => {
    const opened = await unsealBodies(db, rows.filter((row) => day === undefined || row.day === day));
    const items = opened.map((row): Item => {
      const timeMs = eventMs(row.body) ?? 0;
      return { scope: row.scope, kind, id: row.id, rev: row.rev, body: row.body, timeMs, state: "synced" };
    });
    if (day !== undefined) forgetOtherDays(kept, `${scope} ${kind} `, key);
    kept.pulled.set(key, { stamp, items });
    return items;
  };
}

function forgetOtherDays(kept: Kept, start: string, key: string): void {
  for (const other of kept.pulled.keys()) if (other.startsWith(start) && other !== key) kept.pulled.delete(other);
}

async function ownOf(
  db: FieldDatabase,
  kept: Kept,
  scope: string,
  voids: readonly number[],
  held: ReadonlySet<number>,
  { kind, day }: Asked,
): Promise<() => Promise<readonly Own[]>> {
  const range = (state: string) => {
    const low = [kind, 1, state, scope || Dexie.minKey, day ?? Dexie.minKey];
    const high = [kind, 1, state, scope || Dexie.maxKey, day ?? Dexie.maxKey];
    return db.outbox.where("[kind+shown+state+scope+day]").between(low, high, true, true);
  };
  const [waiting, settled] = await Promise.all([range("waiting").primaryKeys(), range("settled").primaryKeys()]);
  const rows = [
    ...(await unread(db, kept, waiting, () => range("waiting").toArray())),
    ...(await unread(db, kept, settled, () => range("settled").toArray())),
    ...(day === undefined ? [] : await unread(db, kept, voids, () => db.outbox.where("[shown+act]").equals([1, "void"]).toArray())),
  ];
  const isWaiting = new Set(waiting);
  const seqs = new Set([...waiting, ...settled, ...(day === undefined ? [] : voids)]); // a void may come on a later day
  const ordered = [...seqs].sort((a, b) => a - b);
  return async () => {
    for (const row of await unsealLines(db, rows)) if (!kept.lines.has(row.seq!)) kept.lines.set(row.seq!, lineOf(row));
    return ordered.flatMap((seq) => {
      const line = kept.lines.get(seq);
      const isAsked = line && line.kind === kind && (!scope || line.scope === scope) && (day === undefined || line.day === day || line.act === "void");
      return isAsked ? [inState(line, isWaiting.has(seq) ? "unsent" : held.has(seq) ? "held" : "sent")] : [];
    });
  };
}

/** Those of the lines that were never read before. */
async function unread(db: FieldDatabase, kept: Kept, seqs: readonly number[], all: () => Promise<OutboxRow[]>): Promise<OutboxRow[]> {
  const missing = seqs.filter((seq) => !kept.lines.has(seq));
  if (missing.length === 0) return [];
  const rows = missing.length > READ_ONE_BY_ONE_MAX ? await all() : await db.outbox.bulkGet(missing);
  return rows.flatMap((row) => (row && !kept.lines.has(row.seq!) ? [row] : []));
}

function lineOf(row: OutboxRow): Line {
  const { act, record, kind, scope, day, wallMs } = row;
  const { body, at, amends } = entryOf(row);
  const observed = at?.observed;
  const known = { ...body, ...(amends && { amends }), ...(observed && { observed }) };
  const item: Item = { scope, kind, id: record, rev: 0, body: known, timeMs: parseMs(observed) ?? wallMs, state: "unsent" };
  return { act, record, kind, scope, day, item, amends };
}

/** Keeps its item as long as it can: whatever was worked out of an item is kept by it. */
function inState(line: Line, state: ItemState): Own {
  if (line.item.state !== state) line.item = { ...line.item, state };
  return { act: line.act, record: line.record, item: line.item, amends: line.amends, state };
}
