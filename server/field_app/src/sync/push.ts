// Up: waiting entries in batches, or a heartbeat. Nothing here depends on a pull.

import { contracts } from "../contracts";
import { type Bytes, joined, utf8 } from "../protocol/bytes";
import { attestationText, receiptText, signText, verifyText } from "../protocol/signatures";
import { wallText } from "../protocol/time";
import { claims, type Held, nextBatch, type Outcome, settle, type StreamAnswer } from "../store/outbox";
import { type Exchange, ExchangeFailed, readObject, SCHEMA, SYNC, textOf, type Trouble, troubleOf } from "./exchange";

const HEADER_BYTES = 1024; // of a push's first line without its streams, with room to spare
const CLAIM_BYTES = 448; // of one stream in it: scope, n, hash and signature
const PASSED_OVER_MAX = 3;
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
 * which is then passed over until the next push; 3 the answer is taken in only with a valid receipt, in one transaction;
 * 4 again, until each waiting line was tried once. A lost answer leaves everything waiting: the same lines go up again,
 * and come back as duplicates.
 */
export async function push(exchange: Exchange): Promise<PushReport> {
  const report: PushReport = { sent: 0, problem: null };
  const size = new BatchSize();
  const tried = new Set<number>();
  for (let heard = false; ; ) {
    const scopes = await exchange.db.scopes.count();
    const room = contracts.push.bytes - HEADER_BYTES - CLAIM_BYTES * scopes;
    const batch = await nextBatch(exchange.db, tried, size.now, room);
    if (batch.length === 0 && heard) return report;
    try {
      const answer = await send(exchange, batch);
      heard = true;
      size.grow();
      for (const held of batch) tried.add(held.seq);
      report.sent += batch.length;
      await takeIn(exchange, batch, answer, tried);
    } catch (error) {
      if (!(error instanceof ExchangeFailed)) throw error;
      const goesOn = batch.length > 0 && size.shrink(error.trouble.status, batch.length);
      if (!goesOn || batch.length === 1) report.problem = error.trouble;
      if (!goesOn) return report;
      if (batch.length === 1) tried.add(batch[0]!.seq);
    }
  }
}

/** How many entries the next batch may hold. A 413 lowers it for the whole push; a 500 only until something works. */
class BatchSize {
  now = contracts.push.entries;
  private ceiling = contracts.push.entries;
  private passedOver = 0;

  /** Whether to go on after this failure. Single entries that fail one after the other mean an ill server. */
  shrink(status: number, entries: number): boolean {
    if (!TRY_SMALLER.includes(status)) return false;
    if (entries > 1) {
      this.now = Math.floor(entries / 2);
      if (status === 413) this.ceiling = this.now;
      return true;
    }
    this.passedOver += 1;
    return this.passedOver < PASSED_OVER_MAX;
  }

  grow(): void {
    this.now = Math.min(this.ceiling, this.now * 2);
    this.passedOver = 0;
  }
}

/** Throws ExchangeFailed, also for an answer whose receipt the server's key did not sign. */
async function send(exchange: Exchange, batch: readonly Held[]): Promise<PushAnswer> {
  const headers = { "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip" };
  const response = await exchange.post("/sync/v1/push", () => pushBody(exchange, batch), headers);
  const { device, serverKey } = await exchange.identity();
  const answer = readAnswer(readObject(await textOf(response)), device);
  if (!(await verifyText(serverKey, answer.receipt.text, answer.receipt.sig))) {
    throw new ExchangeFailed(troubleOf("receipt_invalid"));
  }
  return answer;
}

async function pushBody(exchange: Exchange, batch: readonly Held[]): Promise<Bytes> {
  const lines = [await pushHeader(exchange, batch), ...batch.map((held) => held.line)];
  return gzip(joined(lines.flatMap((line) => [line, NEWLINE])));
}

/** The first line of a push: the schema of its lines, this tablet's clock, and one signed attestation for each scope. Made anew for every request:
 * it says what is unsent *now*. */
export async function pushHeader(exchange: Exchange, batch: readonly Held[]): Promise<Bytes> {
  const { device, keys } = await exchange.identity();
  const streams: Record<string, unknown> = {};
  for (const [scope, claim] of Object.entries(await claims(exchange.db, batch))) {
    const sig = await signText(keys.privateKey, attestationText(device, scope, claim.n, claim.hash));
    streams[scope] = { ...claim, sig };
  }
  const clock = { wall: wallText(Date.now()) };
  return utf8(JSON.stringify({ sync: SYNC, schema: batch[0]?.schema ?? SCHEMA, clock, streams }));
}

async function gzip(bytes: Bytes): Promise<Bytes> {
  const zipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

/** Outcomes, receipt, beacon and server time of one answer, in one transaction. */
async function takeIn(exchange: Exchange, batch: readonly Held[], answer: PushAnswer, tried: ReadonlySet<number>): Promise<void> {
  const { db } = exchange;
  await db.transaction("rw", [db.scopes, db.outbox, db.photos, db.notes], async () => {
    await exchange.tellTime(answer.serverTime);
    const nowMs = await exchange.nowMs();
    await settle(db, batch, answer.outcomes, answer.streams, tried, nowMs);
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
