import { beforeEach, describe, expect, it, vi } from "vitest";
import { contracts } from "../contracts";
import { newScope, type OutboxRow } from "../store/database";
import { KEPT_MS } from "../store/outbox";
import { add } from "../store/write";
import { FakeServer, problem, SITE } from "../tests/fake_server";
import type { Exchange } from "./exchange";
import { push } from "./push";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
let server: FakeServer;
let tablet: Exchange;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
});

const write = (many: number) =>
  Array.from({ length: many }).reduce<Promise<unknown>>((before) => before.then(() => add(tablet.db, SITE, "disinfection_log", LOG)), Promise.resolve());
const photo = (sha256: string) => ({ sha256, bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) });
const rows = () => tablet.db.outbox.orderBy("seq").toArray();
const states = async () => (await rows()).map((row: OutboxRow) => row.state);
const entriesIn = (at: number) => server.seen[at]!.lines.slice(1).length;

describe("push", () => {
  it("sends what waits, and keeps the receipt", async () => {
    await write(3);
    expect(await push(tablet)).toEqual({ sent: 3, problem: null });
    expect(await states()).toEqual(["settled", "settled", "settled"]);
    const scope = await tablet.db.scopes.get(SITE);
    expect(scope).toMatchObject({ n: 3, ackedN: 3, receiptN: 3, trouble: "" });
    expect(scope?.receipt?.at).toBe("2026-11-23T12:00:00.000+08:00");
    expect(await tablet.db.note("beacon")).toBe("b1");
  });

  it("sends lines under the schema after which they were written, one in each push", async () => {
    await write(3);
    const [first] = await rows();
    await tablet.db.outbox.update(first!.seq!, { schema: "2026.0" });
    await push(tablet);
    expect(server.seen.map((seen) => [seen.lines[0]!["schema"], seen.lines.length - 1])).toEqual([["2026.0", 1], [contracts.schema, 2]]);
  });

  it("is a heartbeat when nothing waits, and attests an empty stream", async () => {
    await tablet.db.scopes.put(newScope(SITE));
    expect((await push(tablet)).problem).toBe(null);
    expect(server.seen[0]!.lines[0]!["streams"]).toMatchObject({ [SITE]: { n: 0, hash: "", unsent: 0 } });
  });

  it("says what stays behind", async () => {
    await write(2);
    server.before = async () => {
      if (server.seen.length === 1) await write(1);
      return server.seen.length === 1 ? problem(413, "too_large") : null;
    };
    await push(tablet);
    const claims = server.seen.map((seen) => seen.lines[0]!["streams"][SITE]);
    expect(claims.map((claim) => [claim.n, claim.unsent])).toEqual([[2, 0], [1, 2], [2, 1], [3, 0]]);
  });

  it("reads the last beacon, then its clock, then counts what is unsent", async () => {
    await write(1);
    await tablet.db.setNote("beacon", "b0");
    let ms = Date.parse("2026-11-23T12:00:00+08:00");
    const clock = vi.spyOn(Date, "now").mockImplementation(() => ms);
    const { note, transaction } = tablet.db;
    vi.spyOn(tablet.db, "note").mockImplementation((name) => ((ms += name === "beacon" ? 60_000 : 0), note.call(tablet.db, name)));
    vi.spyOn(tablet.db, "transaction").mockImplementation((...asked: unknown[]) => {
      if (asked[0] === "r") ms += 3600_000;
      return (transaction as (...asked: unknown[]) => any).apply(tablet.db, asked);
    });
    await push(tablet);
    clock.mockRestore();
    expect(server.seen[0]!.lines[0]!["clock"]).toEqual({ wall: "2026-11-23T12:01:00.000+08:00", beacon: "b0" });
  });

  it("abandons a try without an answer a minute after the clock was read, and halves the next batch", async () => {
    await write(8);
    const allowedMs: number[] = [];
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => (allowedMs.push(ms), new AbortController().signal));
    server.before = () => new DOMException("time is up", "TimeoutError");
    expect((await push(tablet)).problem?.code).toBe("no_answer");
    expect(server.seen.length).toBe(1);
    expect(allowedMs[0]).toBeGreaterThan(50_000);
    expect(allowedMs[0]).toBeLessThanOrEqual(60_000);
    server.before = () => null;
    await push(tablet);
    await write(20);
    await push(tablet);
    timeout.mockRestore();
    expect(server.seen.map((_, i) => entriesIn(i))).toEqual([8, 4, 4, 16, 4]);
  });

  it("does not let batches grow while answers take long", async () => {
    await write(8);
    server.before = () => new DOMException("time is up", "TimeoutError");
    await push(tablet);
    let ms = 0;
    const stopwatch = vi.spyOn(performance, "now").mockImplementation(() => ms);
    server.before = () => ((ms += 50_000), null);
    await push(tablet);
    await write(8);
    await push(tablet);
    stopwatch.mockRestore();
    expect(server.seen.map((_, i) => entriesIn(i))).toEqual([8, 4, 4, 4, 4]);
  });

  it("takes in an answer with members that nobody knows", async () => {
    await write(1);
    server.outcome = () => ({ outcome: "applied", rev: 1, seq: 1, weather: "fog" });
    server.after = () => null;
    expect((await push(tablet)).problem).toBe(null);
    expect(await states()).toEqual(["settled"]);
  });

  it("sends the same bytes again when the answer is lost, under a new header and nonce", async () => {
    await write(2);
    server.after = () => (server.seen.length === 1 ? new TypeError("network") : null);
    expect((await push(tablet)).problem?.code).toBe("offline");
    expect(await states()).toEqual(["waiting", "waiting"]);
    expect((await push(tablet)).problem).toBe(null);
    const sent = server.seen.map((seen) => seen.lines.slice(1).map((line) => line["#line"]));
    expect(sent[1]).toEqual(sent[0]);
    expect(server.seen[0]!.headers["Signature-Input"]).not.toBe(server.seen[1]!.headers["Signature-Input"]);
    expect((await rows()).map((row) => row.outcome)).toEqual(["applied", "applied"]);
    expect(server.lines.size).toBe(2);
  });

  it("halves a batch that is too large, and passes over a single entry that still is", async () => {
    await write(4);
    const poisoned = (await rows())[2]!.id;
    server.before = (seen) => (seen.lines.some((line) => line["id"] === poisoned) ? problem(413, "too_large") : null);
    const report = await push(tablet);
    expect(report).toMatchObject({ sent: 3, problem: { code: "too_large" } });
    expect(await states()).toEqual(["settled", "settled", "waiting", "settled"]);
    expect(server.seen.map((_, at) => entriesIn(at))).toEqual([4, 2, 2, 1, 1]);
  });

  it("believes no receipt that the server's key did not sign", async () => {
    await write(1);
    await tablet.db.identity.update("one", { serverKey: await (await FakeServer.make()).publicKey() });
    expect((await push(tablet)).problem?.code).toBe("receipt_invalid");
    expect(await states()).toEqual(["waiting"]);
  });

  it("signs again with the server's time when its own clock is wrong", async () => {
    await write(1);
    const serverTime = new Date(Date.now() + 3_600_000).toISOString();
    server.before = () => (server.seen.length === 1 ? problem(401, "clock_skew", { server_time: serverTime }) : null);
    expect((await push(tablet)).problem).toBe(null);
    const created = server.seen.map((seen) => Number(/created=(\d+)/.exec(seen.headers["Signature-Input"]!)![1]));
    expect(created[1]! - created[0]!).toBeGreaterThan(3_590);
  });

  it("keeps what was refused, with its reasons, and what has to be tried again", async () => {
    await write(3);
    const [first, second] = await rows();
    server.outcome = (line) => {
      if (line["id"] === first!.id) return { outcome: "refused", code: "body_invalid", errors: { "/body/operator": ["请填写。"] } };
      return line["id"] === second!.id ? { outcome: "some later word" } : null;
    };
    await push(tablet);
    expect(await states()).toEqual(["settled", "waiting", "settled"]);
    expect((await rows())[0]).toMatchObject({ outcome: "refused", code: "body_invalid", shown: 0, errors: { "/body/operator": ["请填写。"] } });
  });

  it("fills what a server lost that was restored from a backup", async () => {
    await write(3);
    await push(tablet);
    server.lines.delete((await rows())[2]!.id);
    server.lines.delete((await rows())[1]!.id);
    await push(tablet);
    expect(server.lines.size).toBe(3);
    expect(await states()).toEqual(["settled", "settled", "settled"]);
  });

  it("sends their photos again to a server that lost the entries", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG, [photo("a")]);
    await push(tablet);
    await tablet.db.photos.toCollection().modify({ state: "sent" });
    server.lines.clear();
    await push(tablet);
    expect(await tablet.db.photos.toArray()).toMatchObject([{ state: "waiting", url: "" }]);
  });

  it("forgets settled lines after a week, and not before", async () => {
    await write(1);
    await push(tablet);
    const [row] = await rows();
    await tablet.db.outbox.update(row!.seq!, { shown: 0 });
    await push(tablet);
    expect(await tablet.db.outbox.count()).toBe(1);
    await tablet.db.outbox.update(row!.seq!, { settledMs: row!.settledMs! - KEPT_MS - 1_000 });
    await push(tablet);
    expect(await tablet.db.outbox.count()).toBe(0);
  });

  it("keeps a settled line as long as its photo waits, and forgets both together", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG, [photo("a")]);
    await push(tablet);
    const [row] = await rows();
    await tablet.db.outbox.update(row!.seq!, { shown: 0, settledMs: row!.settledMs! - KEPT_MS - 1_000 });
    await push(tablet);
    expect(await tablet.db.outbox.count()).toBe(1);
    await tablet.db.photos.toCollection().modify({ state: "sent" });
    await push(tablet);
    expect([await tablet.db.outbox.count(), await tablet.db.photos.count()]).toEqual([0, 0]);
  });

  it("reports when the server has more than this tablet wrote", async () => {
    await write(2);
    await push(tablet);
    await tablet.db.scopes.update(SITE, { n: 1 });
    await push(tablet);
    expect((await tablet.db.scopes.get(SITE))?.trouble).toBe("server_ahead");
  });
});
