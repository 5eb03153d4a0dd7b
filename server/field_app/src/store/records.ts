// What the server sent down, stored together with its checkpoint; and leaving a scope or the service.

import { contracts } from "../contracts";
import { digestSum, digestText, recordDigest } from "../protocol/digest";
import type { Body } from "../protocol/entry";
import { localDate } from "../protocol/time";
import { type FieldDatabase, newScope, type OutboxRow, type RecordRow, type ScopeRow } from "./database";
import { dropDrafts } from "./drafts";
import { FLAG_PHOTO } from "./flag_photos";
import { VAULT } from "./pin";
import { sealBody } from "./seal";
import { eventMs } from "./times";
import { isNothing, unsent, unsentPhotos } from "./unsent";

const RESET_PAUSE_MS = 3600_000; // a digest that differs even after a reset must not download the site for ever
/** The day under which windows are found that are of no single day: of weeks and months, and those that records ask for. */
export const LASTING = "lasting";
const LASTING_SLOTS = ["period", "event"];
const HELD_MS = 7 * 24 * 3600_000; // the server applies a held entry after 5 days: by then a pull has brought it

/** A put, or with `body` null a del, of one record. */
export interface Change {
  id: string;
  kind: string;
  rev: number;
  seq: number;
  body: Body | null;
}

/** What came for one scope since its last checkpoint: the latest change of each record. */
export interface Segment {
  reset: boolean;
  changes: Map<string, Change>;
}

/** `count` and `digest` are there when the scope has caught up. */
export interface Checkpoint {
  scope: string;
  cursor: string;
  count: number | null;
  digest: string | null;
}

/** `kept` is false when another tab moved the cursor meanwhile, and nothing was stored. */
export interface Stored {
  kept: boolean;
  matched: boolean;
  resetWanted: boolean;
}

/** The cursor of each scope that was pulled and not purged. */
export async function cursors(db: FieldDatabase): Promise<Record<string, string>> {
  const rows = await db.scopes.toArray();
  return Object.fromEntries(rows.filter((row) => row.active).map((row) => [row.scope, row.cursor]));
}

/** The acknowledged entries that still lie over the records: a pull begun now brings what they did. Not those of a scope that
 * is gone, of which nothing comes any more. */
export async function settledOverlays(db: FieldDatabase): Promise<Set<number>> {
  const gone = new Set((await db.scopes.toArray()).filter((row) => row.gone).map((row) => row.scope));
  const rows = await db.outbox
    .where("state")
    .equals("settled")
    .filter((row) => row.shown === 1 && row.outcome !== "held" && !gone.has(row.scope))
    .primaryKeys();
  return new Set(rows);
}

/** Store a segment and its checkpoint in one transaction, if the scope's cursor is still `expected`.
 *
 * 1 a reset makes what is there stale, without hiding it; 2 changes are laid down, count and digest follow them; 3 own
 * entries that the changes contain stop overlaying; 4 when caught up, stale rows go, and count and digest are compared:
 * a difference empties the cursor, which asks for a reset, at most once in RESET_PAUSE_MS. The outbox's lines are never
 * touched.
 */
export async function commit(
  db: FieldDatabase,
  segment: Segment,
  checkpoint: Checkpoint,
  expected: string,
  overlays: ReadonlySet<number>,
  nowMs: number,
): Promise<Stored> {
  const { scope } = checkpoint;
  const puts = await Promise.all([...segment.changes.values()].flatMap((change) => rowOf(db, scope, change)));
  return db.transaction("rw", db.scopes, db.records, db.removed, db.outbox, async () => {
    const row = (await db.scopes.get(scope)) ?? newScope(scope);
    if (row.cursor !== expected) return { kept: false, matched: true, resetWanted: false };
    if (segment.reset) {
      await db.records.where("[scope+stale]").equals([scope, 0]).modify({ stale: 1 });
      await removedOf(db, scope).delete();
      Object.assign(row, { live: 0, digest: digestText(0n), history: crypto.randomUUID() });
    }
    await layDown(db, row, segment.changes, puts);
    await landByRev(db, scope, segment.changes);
    await clearRefused(db, scope, segment.changes);
    let stored: Stored = { kept: true, matched: true, resetWanted: false };
    if (checkpoint.count !== null) {
      await db.records.where("[scope+stale]").equals([scope, 1]).delete();
      await landCaughtUp(db, scope, overlays, nowMs);
      stored = compare(row, checkpoint, nowMs);
      Object.assign(row, { caughtUpMs: nowMs, mismatched: !stored.matched });
      if (stored.resetWanted) row.resetAskedMs = nowMs;
    }
    await db.scopes.put({ ...row, cursor: stored.resetWanted ? "" : checkpoint.cursor, active: true, gone: 0 });
    return stored;
  });
}

function rowOf(db: FieldDatabase, scope: string, change: Change): Promise<RecordRow>[] {
  const { id, kind, rev, seq, body } = change;
  if (body === null) return [];
  const row = { scope, id, kind, rev, seq, stale: 0 as const, day: dayOf(kind, body), body };
  return [recordDigest(kind, id, rev).then((part) => sealBody(db, { ...row, part: digestText(part) }))];
}

function dayOf(kind: string, body: Body): string {
  if (kind === "window") return LASTING_SLOTS.includes(String(body["slot"])) ? LASTING : String(body["local_date"] ?? "");
  if ((contracts.kinds[kind]?.nature ?? "fact") !== "fact") return "";
  const ms = eventMs(body); // of a form's records only facts have a time
  return ms === null ? "" : localDate(ms);
}

/** Write the changes; `row` follows with its count and the sum of digests. */
async function layDown(db: FieldDatabase, row: ScopeRow, changes: Segment["changes"], puts: RecordRow[]): Promise<void> {
  const keys = [...changes.values()].map(({ id, kind }): [string, string, string] => [row.scope, id, kind]);
  const before = (await db.records.bulkGet(keys)).filter((one) => one?.stale === 0);
  let sum = digestSum(row.digest);
  for (const one of before) sum -= digestSum(one!.part);
  for (const one of puts) sum += digestSum(one.part);
  Object.assign(row, { live: row.live - before.length + puts.length, digest: digestText(sum) });
  await db.records.bulkDelete(keys);
  await db.records.bulkPut(puts);
  await db.removed.bulkDelete(keys);
  const dels = [...changes.values()].filter((change) => change.body === null);
  await db.removed.bulkPut(dels.map(({ id, kind, rev, seq }) => ({ scope: row.scope, id, kind, rev, seq })));
}

/** Own entries whose effect the pulled record already contains lie over it no longer. */
async function landByRev(db: FieldDatabase, scope: string, changes: Segment["changes"]): Promise<void> {
  await db.outbox
    .where("[scope+state]")
    .equals([scope, "settled"])
    .filter((row) => {
      const change = changes.get(changeKey(row.record, row.kind));
      return row.shown === 1 && !!change && (row.outcome === "held" || (row.rev !== null && row.rev <= change.rev));
    })
    .modify({ shown: 0 });
}

/** A put whose id is an entry that was refused here: it was decided again since, and took effect. But under the id of an
 * `entry_mismatch` the server has another line. */
async function clearRefused(db: FieldDatabase, scope: string, changes: Segment["changes"]): Promise<void> {
  const puts = new Set([...changes.values()].filter((change) => change.body).map((change) => change.id));
  await db.outbox
    .where("[scope+state]")
    .equals([scope, "settled"])
    .filter((row) => row.outcome === "refused" && row.code !== "entry_mismatch" && puts.has(row.id))
    .modify({ outcome: "applied", code: "", errors: {} });
}

export function changeKey(id: string, kind: string): string {
  return `${id} ${kind}`;
}

/** A pull that has caught up holds everything that was acknowledged before it began. */
async function landCaughtUp(db: FieldDatabase, scope: string, overlays: ReadonlySet<number>, nowMs: number): Promise<void> {
  await db.outbox
    .where("[scope+state]")
    .equals([scope, "settled"])
    .filter((row) => {
      const isOld = row.outcome === "held" && (row.settledMs ?? nowMs) < nowMs - HELD_MS;
      return row.shown === 1 && (overlays.has(row.seq ?? 0) || isOld);
    })
    .modify({ shown: 0 });
}

function compare(row: ScopeRow, checkpoint: Checkpoint, nowMs: number): Stored {
  const matched = row.live === checkpoint.count && row.digest === checkpoint.digest;
  const isPausing = row.resetAskedMs !== null && Math.abs(nowMs - row.resetAskedMs) < RESET_PAUSE_MS;
  return { kept: true, matched, resetWanted: !matched && !isPausing };
}

/** From now on nothing is written in these scopes. */
export async function noteGone(db: FieldDatabase, gone: readonly string[]): Promise<void> {
  const rows = db.scopes.where("scope").anyOf(gone);
  await rows.and((row) => row.active && row.gone === 0).modify({ gone: 1 });
}

/** Whether a push since `gone` was pulled said that nothing is unsent, and nothing is: no photo either. */
export async function isLeft(db: FieldDatabase, scope: string): Promise<boolean> {
  const row = await db.scopes.get(scope);
  return !row?.active || (row.gone === 2 && isNothing(await unsent(db, scope)));
}

/** Forget a scope that was taken away: its records, and what was written there and is settled. False, and everything is
 * kept, while entries or photos wait, or the server does not know yet that no entry does. The stream's number and hash
 * stay: if the scope comes back, the chain goes on. */
export async function purge(db: FieldDatabase, scope: string): Promise<boolean> {
  return db.transaction("rw", [db.scopes, db.records, db.removed, db.outbox, db.photos, db.notes], async () => {
    if (!(await isLeft(db, scope))) return false;
    await dropDrafts(db, scope);
    await db.records.where("[scope+stale]").between([scope, 0], [scope, 1], true, true).delete();
    await removedOf(db, scope).delete();
    await forgetLines(db, (row) => row.scope === scope);
    await db.scopes.update(scope, { ...nothingPulled(), active: false });
    return true;
  });
}

/** Forget everything but what still waits to be sent and who this tablet was: it has been revoked. Once nothing waits, the keys too. */
export async function wipe(db: FieldDatabase): Promise<void> {
  const tables = [db.identity, db.scopes, db.records, db.removed, db.outbox, db.photos, db.notes];
  const isOver = await db.transaction("rw", tables, async () => {
    await db.identity.update("one", { state: "revoked" });
    await dropDrafts(db);
    await db.records.clear();
    await db.removed.clear();
    await db.notes.where("name").startsWith(FLAG_PHOTO).delete();
    const isSent = isNothing(await unsent(db));
    if (isSent) await db.notes.delete(VAULT); // whatever a copy still holds opens no more
    const needed = new Set((await unsentPhotos(db)).map(({ row }) => row.id));
    await forgetLines(db, (row) => !needed.has(row.id));
    await db.scopes.toCollection().modify({ ...nothingPulled(), active: false });
    return isSent;
  });
  if (isOver) db.forgetPin();
}

function removedOf(db: FieldDatabase, scope: string) {
  return db.removed.where("[scope+seq]").between([scope, 0], [scope, Infinity]);
}

/** Settled entries go, with their photos; of a refused one stays that it was refused, and why. */
async function forgetLines(db: FieldDatabase, chosen: (row: OutboxRow) => boolean): Promise<void> {
  const settled = () => db.outbox.where("state").equals("settled").filter(chosen);
  const entries = (await settled().toArray()).map((row) => row.id);
  await db.photos.where("entry").anyOf(entries).delete();
  await settled().and((row) => row.outcome !== "refused").delete();
  await settled().modify({ line: new Uint8Array(), errors: {} });
}

function nothingPulled(): Partial<ScopeRow> {
  return { gone: 0, cursor: "", live: 0, digest: digestText(0n), mismatched: false, resetAskedMs: null };
}
