// Down: changes, scope by scope, each stored together with its checkpoint. Nothing here depends on a push.

import { contracts } from "../contracts";
import { type Bytes, utf8 } from "../protocol/bytes";
import type { Body } from "../protocol/entry";
import { isFull } from "../store/database";
import { changeKey, commit, cursors, isLeft, noteGone, purge, type Segment, settledOverlays } from "../store/records";
import { type Exchange, ExchangeFailed, readObject, SCHEMA, SYNC, textOf, type Trouble, troubleOf } from "./exchange";

const MAX_BYTES = contracts.push.bytes;

export interface PullReport {
  changes: number;
  resets: number;
  gone: string[];
  leaving: string[]; // gone too, but something of them is unsent, or the server does not know that nothing is
  problem: Trouble | null;
}

interface Round {
  ended: boolean;
  more: boolean;
  moved: boolean; // a cursor changed
  again: boolean; // a reset was asked for
  gone: string[];
}

/** Bring every assigned scope up to date. Never throws for what the network or the server does.
 *
 * 1 ask with the cursors that are stored; 2 store each scope's changes with its checkpoint, so that a cut at any line
 * keeps what was complete; 3 a scope that is gone is purged after `sendFirst` has sent what is stored here of it, and said so
 * to the server, or left until next time; 4 again while there is more or a reset was asked for, as long as something moves.
 */
export async function pull(exchange: Exchange, sendFirst: () => Promise<unknown>, maxBytes = MAX_BYTES): Promise<PullReport> {
  const report: PullReport = { changes: 0, resets: 0, gone: [], leaving: [], problem: null };
  for (;;) {
    let round: Round;
    try {
      round = await oneRound(exchange, report, maxBytes);
    } catch (error) {
      if (!(error instanceof ExchangeFailed) && !isFull(error)) throw error;
      report.problem = error instanceof ExchangeFailed ? error.trouble : troubleOf("pull_no_room");
      return report;
    }
    await leave(exchange, round.gone, sendFirst, report);
    if (!round.ended) {
      report.problem = troubleOf("offline");
      return report;
    }
    if (!round.again && !(round.more && round.moved)) return report;
  }
}

/** Ask, and keep nothing of what comes but the time, and which sites were taken away. */
export async function hear(exchange: Exchange): Promise<Trouble | null> {
  const { db } = exchange;
  try {
    const lines = (await textOf(await ask(exchange, await cursors(db), 1))).trim().split("\n").map(readObject);
    await noteGone(db, lines.flatMap(({ gone }) => (typeof gone === "string" ? [gone] : [])));
    const end = lines.at(-1) ?? {};
    await exchange.noteTime(end["server_time"]);
    if (typeof end["beacon"] === "string") await db.setNote("beacon", end["beacon"]);
    return null;
  } catch (error) {
    if (error instanceof ExchangeFailed) return error.trouble;
    throw error;
  }
}

function ask(exchange: Exchange, scopes: Record<string, string>, maxBytes: number): Promise<Response> {
  const body = utf8(JSON.stringify({ sync: SYNC, schema: SCHEMA, scopes, max_bytes: maxBytes }));
  return exchange.post("/sync/v1/pull", async () => body, { "Content-Type": "application/json", Accept: "application/x-ndjson" });
}

async function oneRound(exchange: Exchange, report: PullReport, maxBytes: number): Promise<Round> {
  const asked = await cursors(exchange.db);
  const overlays = await settledOverlays(exchange.db);
  const response = await ask(exchange, asked, maxBytes);
  const reader = new Reader(exchange, report, asked, overlays);
  for await (const line of linesOf(response, (bytes) => (exchange.moved.down += bytes))) {
    if (!(await reader.take(line)) || reader.round.ended) break;
  }
  return reader.round;
}

/** The complete lines of an answer. It ends without a word where the connection dies: what came until then counts. */
async function* linesOf(response: Response, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  const counted = new TransformStream<Bytes, Bytes>({ transform: (chunk, to) => (onBytes(chunk.byteLength), to.enqueue(chunk)) });
  const chunks = response.body!.pipeThrough(counted).pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const chunk = await chunks.read().catch(() => ({ done: true, value: undefined }));
    if (chunk.done) return;
    const lines = (rest + chunk.value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim());
  }
}

/** Reads the lines of one answer. A scope's changes wait in memory until their checkpoint comes. */
class Reader {
  readonly round: Round = { ended: false, more: false, moved: false, again: false, gone: [] };
  private readonly open = new Map<string, Segment>();

  constructor(
    private readonly exchange: Exchange,
    private readonly report: PullReport,
    private readonly cursors: Record<string, string>,
    private readonly overlays: ReadonlySet<number>,
  ) {}

  /** False for a line that is none of the contract's: nothing after it can be trusted. A line of a kind that this app does
   * not know is passed over (a digest would show if it mattered). */
  async take(text: string): Promise<boolean> {
    let line: Record<string, unknown>;
    try {
      line = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return false;
    }
    if (typeof line["put"] === "string") this.change(line, line["put"], (line["body"] ?? {}) as Body);
    else if (typeof line["del"] === "string") this.change(line, line["del"], null);
    else if (typeof line["reset"] === "string") this.open.set(line["reset"], { reset: true, changes: new Map() });
    else if (typeof line["checkpoint"] === "string") await this.checkpoint(line, line["checkpoint"]);
    else if (typeof line["gone"] === "string") this.round.gone.push(line["gone"]);
    else if (line["end"]) await this.end(line);
    return true;
  }

  private segment(scope: string): Segment {
    const segment = this.open.get(scope) ?? { reset: false, changes: new Map() };
    this.open.set(scope, segment);
    return segment;
  }

  private change(line: Record<string, unknown>, kind: string, body: Body | null): void {
    const id = String(line["id"]);
    this.segment(String(line["scope"])).changes.set(changeKey(id, kind), { id, kind, rev: Number(line["rev"]), seq: Number(line["seq"] ?? 0), body });
  }

  private async checkpoint(line: Record<string, unknown>, scope: string): Promise<void> {
    const segment = this.segment(scope);
    this.open.delete(scope);
    const hasCaughtUp = "count" in line;
    const checkpoint = {
      scope,
      cursor: String(line["cursor"]),
      count: hasCaughtUp ? Number(line["count"]) : null,
      digest: hasCaughtUp ? String(line["digest"]) : null,
    };
    const before = this.cursors[scope] ?? "";
    const nowMs = await this.exchange.nowMs();
    const stored = await commit(this.exchange.db, segment, checkpoint, before, this.overlays, nowMs);
    if (!stored.kept) return;
    const after = stored.resetWanted ? "" : checkpoint.cursor;
    this.cursors[scope] = after;
    this.round.moved ||= after !== before;
    this.round.again ||= stored.resetWanted;
    this.report.resets += segment.reset ? 1 : 0;
    this.report.changes += segment.changes.size;
    this.exchange.moved.records += segment.changes.size;
  }

  private async end(line: Record<string, unknown>): Promise<void> {
    this.round.ended = true;
    this.round.more = line["more"] === true;
    const { db } = this.exchange;
    await db.transaction("rw", db.notes, async () => {
      await this.exchange.noteTime(line["server_time"]);
      if (typeof line["beacon"] === "string") await db.setNote("beacon", line["beacon"]);
      await db.setNote("pulled_ms", await this.exchange.nowMs());
    });
  }
}

/** Purge the scopes that were taken away, after what was written there went up, and the server learnt that there is no
 * more: until then it has to wait for it. */
async function leave(
  exchange: Exchange,
  gone: readonly string[],
  sendFirst: () => Promise<unknown>,
  report: PullReport,
): Promise<void> {
  if (gone.length === 0) return;
  await noteGone(exchange.db, gone);
  const left = await Promise.all(gone.map((scope) => isLeft(exchange.db, scope)));
  if (!left.every(Boolean)) await sendFirst();
  for (const scope of gone) (await purge(exchange.db, scope) ? report.gone : report.leaving).push(scope);
}
