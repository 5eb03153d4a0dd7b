// What this tablet wrote: numbered, chained, kept until the server has signed for it, and a while longer. A line never
// changes. Settled lines stay for KEPT_MS after a receipt covers them, so that a hole can be refilled and a server that
// was restored from a backup made whole.

import { contracts } from "../contracts";
import { type Draft, entryHash, entryLine } from "../protocol/entry";
import { localDate, parseMs } from "../protocol/time";
import { type FieldDatabase, FieldError, newScope, type OutboxRow, type PhotoRow, type ScopeRow } from "./database";
import { seal, sealPhotos, unsealLines } from "./seal";

export const KEPT_MS = 7 * 24 * 3600_000;
const NEVER_AGAIN = ["unreadable", "line_too_long", "entry_mismatch"]; // refused without a place in the chain

export interface Held extends OutboxRow {
  seq: number;
}

/** What a push says about one scope: the last entry sent up to and with it, and how many stay behind. `gone`: it was made
 * after the scope's `gone` had been pulled. */
export interface StreamClaim {
  n: number;
  hash: string;
  unsent: number;
  gone: boolean;
}

export interface Outcome {
  id: string;
  line: number | null; // of one whose id could not be read; the header is line 0
  outcome: string;
  rev: number | null;
  code: string;
  errors: Record<string, string[]>;
}

export interface StreamAnswer {
  n: number;
  hash: string;
  missing: number[];
}

/** Give the draft the next place in its stream and keep its line, in one transaction. Gives the entry's id.
 *
 * The hash is made before the transaction, which must not wait for anything else; it then looks whether the stream's
 * end is still the same, and begins again where another tab was faster. What the inspector sees is this same row.
 */
export async function append(db: FieldDatabase, draft: Draft, photos: readonly PhotoRow[] = []): Promise<string> {
  for (;;) {
    const head = await headOf(db, draft.scope);
    const line = entryLine(draft, head.n + 1, head.hash);
    const [hash, kept, sealedPhotos] = await Promise.all([entryHash(line), seal(db, draft.id, line), sealPhotos(db, photos)]);
    // As far as this tablet knows: the line keeps the clock as it is, and people see the time as it was.
    const wallMs = (parseMs(draft.at.wall) ?? 0) + (await db.numberNote("server_offset_ms"));
    const { id, scope, kind, record, act } = draft;
    const row: OutboxRow = {
      ...{ scope, n: head.n + 1, id, kind, record, act, line: kept, schema: contracts.schema, hash, wallMs },
      day: (await natureOf(db, kind)) === "fact" ? localDate(parseMs(draft.at.observed) ?? wallMs) : "",
      ...{ state: "waiting", shown: 1, outcome: "", code: "", errors: {}, rev: null, settledMs: null, seen: 0, carried: 0 },
    };
    const stored = await db.transaction("rw", db.scopes, db.outbox, db.photos, db.identity, async () => {
      const now = await headOf(db, scope);
      if ((await db.identity.get("one"))?.state === "revoked") throw new FieldError("device_revoked");
      if (!now.active || now.gone) throw new FieldError("scope_gone");
      if (now.n !== head.n || now.hash !== head.hash) return false;
      await db.outbox.add(row);
      await db.photos.bulkPut(sealedPhotos);
      await db.scopes.put({ ...now, n: row.n, hash });
      return true;
    });
    if (stored) return id;
  }
}

/** Of a kind in code or of a published form; all versions of a form have the same. */
async function natureOf(db: FieldDatabase, kind: string): Promise<string> {
  const known = contracts.kinds[kind]?.nature;
  if (known) return known;
  const forms = await db.records.where("[kind+scope+day]").equals(["form", "ref", ""]).toArray();
  return String(forms.find(({ body }) => body["code"] === kind)?.body["nature"] ?? "fact");
}

async function headOf(db: FieldDatabase, scope: string): Promise<ScopeRow> {
  return (await db.scopes.get(scope)) ?? newScope(scope);
}

/** The entry that makes this record while the server has not applied it: whatever builds on it must name it. */
export async function unsettledMaker(db: FieldDatabase, scope: string, record: string): Promise<string | null> {
  const rows = await db.outbox.where("record").equals(record).sortBy("seq");
  const maker = rows.find(
    (row) =>
      row.scope === scope &&
      (row.act === "add" || row.act === "amend") &&
      (row.state === "waiting" || row.outcome === "held"),
  );
  return maker?.id ?? null;
}

/** The oldest waiting lines that are not in `skip`, of one schema and within both limits; at least one if there is any. */
export async function nextBatch(
  db: FieldDatabase,
  skip: ReadonlySet<number>,
  maxEntries: number,
  maxBytes: number,
): Promise<Held[]> {
  if (db.isLocked) return []; // what is unsent is claimed, and sent after the PIN
  const batch: Held[] = [];
  let bytes = 0;
  // All at once: a cursor's thousand steps, after every entry that is written without a network, keep a slow tablet busy.
  const rows = await db.outbox.where("state").equals("waiting").limit(skip.size + maxEntries).toArray();
  for (const held of rows as Held[]) {
    if (skip.has(held.seq)) continue;
    const isFull = batch.length >= maxEntries || bytes + held.line.length + 1 > maxBytes;
    if (batch.length > 0 && (isFull || held.schema !== batch[0]!.schema)) break;
    bytes += held.line.length + 1;
    batch.push(held);
  }
  return unsealLines(db, batch);
}

/** What to attest of every scope that this tablet holds, empty streams included, and one that is gone until it is purged:
 * silence about a scope would look like a tablet that was not heard from. `unsent` counts what is held beyond the batch at this very moment: claiming too few
 * would let the server call a duty missed whose record lies here. */
export async function claims(db: FieldDatabase, batch: readonly Held[]): Promise<Record<string, StreamClaim>> {
  const tops = new Map<string, Held>();
  for (const held of batch) if ((tops.get(held.scope)?.n ?? 0) < held.n) tops.set(held.scope, held);
  return db.transaction("r", db.scopes, db.outbox, async () => {
    const claimed: Record<string, StreamClaim> = {};
    const waiting = await waitingByScope(db);
    const still = await db.outbox.bulkGet(batch.map((held) => held.seq));
    const going = still.filter((row) => row?.state === "waiting");
    for (const row of await db.scopes.toArray()) {
      const held = waiting.get(row.scope) ?? 0;
      if (!row.active && held === 0) continue;
      const top = tops.get(row.scope);
      const ours = top && top.n > row.ackedN ? { n: top.n, hash: top.hash } : { n: row.ackedN, hash: row.ackedHash };
      const unsent = held - going.filter((one) => one?.scope === row.scope).length;
      claimed[row.scope] = { ...ours, unsent, gone: row.gone > 0 };
    }
    return claimed;
  });
}

export async function waitingByScope(db: FieldDatabase): Promise<Map<string, number>> {
  const counted = new Map<string, number>();
  for (const { scope } of await db.scopes.toArray()) {
    const count = await db.outbox.where("[scope+state]").equals([scope, "waiting"]).count();
    if (count > 0) counted.set(scope, count);
  }
  return counted;
}

/** The server knows now that nothing is unsent in scopes that were gone when this was declared; to be called inside a
 * transaction. One that is not in the answer failed there, and is declared again. */
export async function noteLeft(
  db: FieldDatabase,
  claimed: Readonly<Record<string, StreamClaim>>,
  streams: Readonly<Record<string, StreamAnswer>>,
): Promise<void> {
  const left = Object.keys(claimed).filter((scope) => claimed[scope]!.gone && claimed[scope]!.unsent === 0 && scope in streams);
  const rows = db.scopes.where("scope").anyOf(left);
  await rows.and((row) => row.gone === 1).modify({ gone: 2 });
}

/** Take in outcomes and streams of an answer whose receipt was verified; to be called inside a transaction.
 *
 * 1 outcomes clear their entries, except `retry` and words that nobody knows; 2 holes, and what a restored server lost,
 * go back to waiting, unless they were tried in this push already; 3 lines that nobody can need again are forgotten.
 */
export async function settle(
  db: FieldDatabase,
  batch: readonly Held[],
  outcomes: readonly Outcome[],
  streams: Record<string, StreamAnswer>,
  tried: ReadonlySet<number>,
  nowMs: number,
): Promise<void> {
  await settleOutcomes(db, batch, outcomes, nowMs);
  for (const [scope, stream] of Object.entries(streams)) await settleStream(db, scope, stream, tried);
  const covered = new Map((await db.scopes.toArray()).map((row) => [row.scope, row.receiptN]));
  const photos = new Set((await db.photos.where("state").equals("waiting").toArray()).map((photo) => photo.entry));
  const old = db.outbox
    .where("state")
    .equals("settled")
    .filter(
      (row) =>
        !photos.has(row.id) &&
        row.outcome !== "refused" &&
        row.shown === 0 &&
        (row.settledMs ?? nowMs) < nowMs - KEPT_MS &&
        row.n <= (covered.get(row.scope) ?? 0),
    );
  const entries = (await old.toArray()).map((row) => row.id);
  await old.delete();
  await db.photos.where("entry").anyOf(entries).delete();
}

async function settleOutcomes(
  db: FieldDatabase,
  batch: readonly Held[],
  outcomes: readonly Outcome[],
  nowMs: number,
): Promise<void> {
  const byId = new Map(batch.map((held) => [held.id, held]));
  for (const outcome of outcomes) {
    const held = outcome.id ? byId.get(outcome.id) : batch[(outcome.line ?? 0) - 1];
    if (!held || !contracts.outcomes.final.includes(outcome.outcome)) continue;
    byId.delete(held.id);
    // Of a line that was written again: the server has it as it was written first.
    const isThere = held.carried === 1 && outcome.code === "entry_mismatch";
    const word = isThere ? "applied" : outcome.outcome;
    await db.outbox.update(held.seq, {
      state: "settled",
      shown: word === "refused" ? 0 : 1,
      outcome: word,
      code: outcome.code,
      errors: outcome.errors,
      rev: outcome.rev,
      settledMs: nowMs,
    });
    await db.scopes
      .where("scope")
      .equals(held.scope)
      .filter((row) => row.ackedN < held.n)
      .modify({ ackedN: held.n, ackedHash: held.hash });
  }
}

/** Compare the server's end of the stream with ours, and put back what it lacks as far as it is still here. */
async function settleStream(
  db: FieldDatabase,
  scope: string,
  stream: StreamAnswer,
  tried: ReadonlySet<number>,
): Promise<void> {
  const row = await db.scopes.get(scope);
  if (!row) return;
  const covered = Math.min(stream.n, ...stream.missing.map((n) => n - 1));
  await db.scopes.update(scope, { receiptN: covered, trouble: await troubleOf(db, row, stream) });
  const firstLost = Math.min(stream.n + 1, ...stream.missing);
  if (firstLost > row.ackedN) return;
  const holes = new Set(stream.missing);
  const lost = db.outbox
    .where("[scope+n]")
    .between([scope, firstLost], [scope, Infinity])
    .filter(
      (held) =>
        held.state === "settled" &&
        held.line.length > 0 &&
        !NEVER_AGAIN.includes(held.code) &&
        (held.n > stream.n || holes.has(held.n)) &&
        !tried.has(held.seq ?? 0),
    );
  const entries = (await lost.toArray()).map((held) => held.id);
  await lost.modify({ state: "waiting", shown: 1 });
  await db.photos.where("entry").anyOf(entries).modify({ state: "waiting", url: "" });
}

/** What only a person can set right: this database was restored from a copy, or the two chains are not the same. */
async function troubleOf(db: FieldDatabase, row: ScopeRow, stream: StreamAnswer): Promise<ScopeRow["trouble"]> {
  if (stream.n > row.n) return "server_ahead";
  const ours = await db.outbox.where("[scope+n]").equals([row.scope, stream.n]).first();
  return ours && ours.hash !== stream.hash ? "chain_differs" : "";
}
