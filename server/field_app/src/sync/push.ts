// Up: waiting entries in batches, or a heartbeat. Nothing here depends on a pull.

import { contracts } from "../contracts";
import { type Bytes, joined, utf8 } from "../protocol/bytes";
import type { Moment } from "../protocol/entry";
import { attestationText, receiptText, signText, verifyText } from "../protocol/signatures";
import { wallText } from "../protocol/time";
import type { FieldDatabase } from "../store/database";
import { claims, type Held, nextBatch, noteLeft, type Outcome, settle, type StreamAnswer, type StreamClaim } from "../store/outbox";
import { type Exchange, ExchangeFailed, readObject, SCHEMA, SYNC, textOf, type Trouble, troubleOf } from "./exchange";

const HEADER_BYTES = 1024; // of a push's first line without its streams, with room to spare
const CLAIM_BYTES = 448; // of one stream in it: scope, n, hash and signature
const PASSED_OVER_MAX = 3;
const ABANDONED_AFTER_MS = 60_000; // of reading the clock for the header: the server takes it to be no older (SPEC: Time)
const BATCH_NOTE = "batch_entries";
const TRY_SMALLER = [413, 500]; // too large; or something in the batch upsets the server: find out with less of it
const NEWLINE = utf8("\n");

export interface PushReport {
  sent: number;
  problem: Trouble | null;
}

interface PushAnswer {
  outcomes: Outcome[];
  streams: Record<string, StreamAnswer>;
  receipt: { at: string; sig: string; text: string };
  beacon: unknown;
  serverTime: unknown;
}

/** Send everything that waits; a heartbeat when nothing does. Never throws for what the network or the server does.
 *
 * 1 the oldest lines within the limits go up under a fresh header; 2 a 413 or 500 halves the batch, down to one entry,
 * which is then passed over until the next push; a try that is abandoned ends the push, and halves the first batch of the
 * next; 3 the answer is taken in only with a valid receipt, in one transaction; 4 again, until each waiting line was tried
 * once. A lost answer leaves everything waiting: the same lines go up again, and come back as duplicates.
 */
export async function push(exchange: Exchange): Promise<PushReport> {
  const report: PushReport = { sent: 0, problem: null };
  const size = await BatchSize.of(exchange.db);
  const tried = new Set<number>();
  for (let heard = false; ; ) {
    const scopes = await exchange.db.scopes.count();
    const room = contracts.push.bytes - HEADER_BYTES - CLAIM_BYTES * scopes;
    const batch = await nextBatch(exchange.db, tried, size.now, room);
    if (batch.length === 0 && heard) return report;
    const beganMs = performance.now();
    try {
      const { claimed, answer } = await send(exchange, batch);
      heard = true;
      await size.grow(performance.now() - beganMs);
      for (const held of batch) tried.add(held.seq);
      report.sent += batch.length;
      await takeIn(exchange, batch, claimed, answer, tried);
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      const goesOn = batch.length > 0 && (await size.shrink(error.trouble, batch.length));
      if (!goesOn || batch.length === 1) report.problem = error.trouble;
      if (!goesOn) return report;
      if (batch.length === 1) tried.add(batch[0]!.seq);
    }
  }
}

/** How many entries the next batch may hold. A 413 lowers it for the whole push; a 500 only until something works; a try
 * that was abandoned until batches are answered well in time, over restarts too. */
class BatchSize {
  private ceiling = contracts.push.entries;
  private passedOver = 0;

  private constructor(
    private readonly db: FieldDatabase,
    public now: number,
  ) {}

  static async of(db: FieldDatabase): Promise<BatchSize> {
    return new BatchSize(db, await noted(db));
  }

  /** Whether to go on after this failure. Single entries that fail one after the other mean that the server has a fault. */
  async shrink({ code, status }: Trouble, entries: number): Promise<boolean> {
    if (code === "no_answer") await this.db.setNote(BATCH_NOTE, Math.max(1, Math.floor(entries / 2)));
    if (!TRY_SMALLER.includes(status)) return false;
    if (entries > 1) {
      this.now = Math.floor(entries / 2);
      if (status === 413) this.ceiling = this.now;
      return true;
    }
    this.passedOver += 1;
    return this.passedOver < PASSED_OVER_MAX;
  }

  /** After an answer: twice as much might have come in time too, unless this took more than half of it. */
  async grow(tookMs: number): Promise<void> {
    if (tookMs <= ABANDONED_AFTER_MS / 2) {
      this.now = Math.min(this.ceiling, this.now * 2);
      const before = await noted(this.db);
      if (before < contracts.push.entries) await this.db.setNote(BATCH_NOTE, Math.min(contracts.push.entries, before * 2));
    }
    this.passedOver = 0;
  }
}

async function noted(db: FieldDatabase): Promise<number> {
  return (await db.numberNote(BATCH_NOTE)) || contracts.push.entries;
}

type Claims = Record<string, StreamClaim>;

/** What was claimed, and the answer. Throws ExchangeFailed, also for an answer whose receipt the server's key did not
 * sign. */
async function send(exchange: Exchange, batch: readonly Held[]): Promise<{ claimed: Claims; answer: PushAnswer }> {
  const headers = { "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip" };
  let claimed: Claims = {};
  const makeBody = async () => {
    const clock = await readClock(exchange); // first: what is written from now on is counted as unsent
    claimed = await claims(exchange.db, batch);
    const header = await pushHeader(exchange, batch[0]?.schema ?? SCHEMA, clock, claimed);
    return gzip(joined([header, ...batch.map((held) => held.line)].flatMap((line) => [line, NEWLINE])));
  };
  const response = await exchange.post("/sync/v1/push", makeBody, headers, ABANDONED_AFTER_MS);
  const { device, serverKey } = await exchange.identity();
  const answer = readAnswer(readObject(await textOf(response)), device);
  if (!(await verifyText(serverKey, answer.receipt.text, answer.receipt.sig))) {
    throw new ExchangeFailed(troubleOf("receipt_invalid"));
  }
  return { claimed, answer };
}

type Clock = Pick<Moment, "wall" | "beacon">;

/** The last beacon that this tablet received, and then its clock: it was read after it. */
async function readClock({ db }: Exchange): Promise<Clock> {
  const beacon = await db.note("beacon");
  const wall = wallText(Date.now());
  return beacon ? { wall, beacon: String(beacon) } : { wall };
}

/** The first line of a push: the schema of its lines, the clock, and one signed attestation for each scope. */
async function pushHeader(exchange: Exchange, schema: string, clock: Clock, claimed: Claims): Promise<Bytes> {
  const { device, keys } = await exchange.identity();
  const streams: Record<string, unknown> = {};
  for (const [scope, { n, hash, unsent }] of Object.entries(claimed)) {
    const sig = await signText(keys.privateKey, attestationText(device, scope, n, hash));
    streams[scope] = { n, hash, unsent, sig };
  }
  return utf8(JSON.stringify({ sync: SYNC, schema, clock, streams }));
}

async function gzip(bytes: Bytes): Promise<Bytes> {
  const zipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

/** Outcomes, receipt, beacon and server time of one answer, in one transaction. */
async function takeIn(
  exchange: Exchange,
  batch: readonly Held[],
  claimed: Claims,
  answer: PushAnswer,
  tried: ReadonlySet<number>,
): Promise<void> {
  const { db } = exchange;
  await db.transaction("rw", [db.scopes, db.outbox, db.photos, db.notes], async () => {
    await exchange.noteTime(answer.serverTime);
    const nowMs = await exchange.nowMs();
    await settle(db, batch, answer.outcomes, answer.streams, tried, nowMs);
    await noteLeft(db, claimed, answer.streams);
    for (const scope of Object.keys(answer.streams)) await db.scopes.update(scope, { receipt: answer.receipt });
    if (typeof answer.beacon === "string") await db.setNote("beacon", answer.beacon);
    await db.setNote("pushed_ms", nowMs);
  });
}

function readAnswer(document: Record<string, unknown>, device: string): PushAnswer {
  const receipt = document["receipt"] as { at?: unknown; sig?: unknown } | undefined;
  const streams = document["streams"] as Record<string, StreamAnswer> | undefined;
  const outcomes = document["outcomes"];
  const isSound =
    typeof receipt?.at === "string" &&
    typeof receipt.sig === "string" &&
    Array.isArray(outcomes) &&
    typeof streams === "object" &&
    Object.values(streams).every((one) => Number.isInteger(one?.n) && typeof one.hash === "string");
  if (!isSound) throw new ExchangeFailed(troubleOf("bad_answer"));
  const at = String(receipt.at);
  return {
    outcomes: outcomes.map(readOutcome),
    streams: Object.fromEntries(
      Object.entries(streams).map(([scope, one]) => [scope, { ...one, missing: one.missing ?? [] }]),
    ),
    receipt: { at, sig: String(receipt.sig), text: receiptText(device, at, streams) },
    beacon: document["beacon"],
    serverTime: document["server_time"],
  };
}

/** What became of one entry; for a `duplicate`, what became of it the first time. */
function readOutcome(value: unknown): Outcome {
  const item = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const outcome = item["outcome"] === "duplicate" ? (item["first"] ?? "applied") : item["outcome"];
  return {
    id: typeof item["id"] === "string" ? item["id"] : "",
    line: typeof item["line"] === "number" ? item["line"] : null,
    outcome: String(outcome ?? ""),
    rev: typeof item["rev"] === "number" ? item["rev"] : null,
    code: typeof item["code"] === "string" ? item["code"] : "",
    errors: (item["errors"] ?? {}) as Record<string, string[]>,
  };
}
