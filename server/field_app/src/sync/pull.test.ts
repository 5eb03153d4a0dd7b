import { beforeEach, describe, expect, it } from "vitest";
import { digestText, recordDigest } from "../protocol/digest";
import { LASTING } from "../store/records";
import { listed, listedTogether } from "../store/view";
import { add, edit, voidRecord } from "../store/write";
import { FakeServer, ndjson, problem, SITE } from "../tests/fake_server";
import type { Exchange } from "./exchange";
import { pull } from "./pull";
import { push } from "./push";
import { syncOnce } from "./syncer";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
let server: FakeServer;
let tablet: Exchange;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
});

const put = (id: string, rev: number, body: object = {}) => ({ put: "worker", scope: SITE, id, rev, seq: rev, body });
const pullNow = () => pull(tablet, () => push(tablet));
const names = async () => (await listed(tablet.db, "worker", SITE)).map((item) => item.body["name"]).sort();

async function checkpoint(cursor: string, ...records: [string, number][]) {
  const parts = await Promise.all(records.map(([id, rev]) => recordDigest("worker", id, rev)));
  const digest = digestText(parts.reduce((sum, part) => sum + part, 0n));
  return { checkpoint: SITE, cursor, count: records.length, digest };
}

describe("pull", () => {
  it("stores changes with their checkpoint, and goes on from there", async () => {
    const lines = [put("a", 1, { name: "张三" }), put("b", 1, { name: "李四" }), await checkpoint("c1", ["a", 1], ["b", 1])];
    server.pull = () => lines;
    expect(await pullNow()).toMatchObject({ changes: 2, problem: null });
    const later = [put("a", 2, { name: "张三丰" }), { del: "worker", scope: SITE, id: "b", rev: 2, seq: 4 }, await checkpoint("c2", ["a", 2])];
    server.pull = (asked) => (expect(asked).toEqual({ [SITE]: "c1" }), later);
    await pullNow();
    expect(await names()).toEqual(["张三丰"]);
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ cursor: "c2", live: 1, mismatched: false });
  });

  it("counts what came and what went, in records and bytes", async () => {
    const lines = [put("a", 1, { name: "张三" }), { checkpoint: SITE, cursor: "c1" }];
    server.pull = () => lines;
    await pullNow();
    const { up, down, records } = tablet.moved;
    expect(records).toBe(1);
    expect(up).toBeGreaterThan(0);
    expect(down).toBeGreaterThanOrEqual(new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join("\n")).length);
  });

  it("finds a window of a week by no single day, so that it is due on each of them", async () => {
    const window = (id: string, slot: string) => ({ put: "window", scope: SITE, id, rev: 1, seq: 1, body: { slot, local_date: "2026-11-23" } });
    server.pull = () => [window("week", "period"), window("fever", "event"), window("day", "morning"), { checkpoint: SITE, cursor: "c1" }];
    await pullNow();
    const found = await listedTogether(tablet.db, SITE, [{ kind: "window", day: LASTING }, { kind: "window", day: "2026-11-23" }]);
    expect(found.map((items) => items.map((item) => item.id).sort())).toEqual([["fever", "week"], ["day"]]);
  });

  it("keeps what was complete of an answer that was cut", async () => {
    const cut = [put("a", 1, { name: "张三" }), { checkpoint: SITE, cursor: "c1" }, put("b", 1, { name: "李四" })];
    server.before = () => ndjson(cut);
    expect((await pullNow()).problem?.code).toBe("offline");
    expect(await names()).toEqual(["张三"]);
    expect((await tablet.db.scopes.get(SITE))?.cursor).toBe("c1");
  });

  it("shows old records until a reset has arrived whole", async () => {
    const first = [put("a", 1, { name: "张三" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => first;
    await pullNow();
    server.pull = () => [{ reset: SITE }, put("b", 1, { name: "李四" }), { checkpoint: SITE, cursor: "c2" }];
    await pullNow();
    expect(await names()).toEqual(["张三", "李四"]);
    const whole = [put("c", 1, { name: "王五" }), await checkpoint("c3", ["b", 1], ["c", 1])];
    server.pull = () => whole;
    await pullNow();
    expect(await names()).toEqual(["李四", "王五"]);
  });

  it("asks for a reset when the digest differs, but not over and over", async () => {
    const wrong = [put("a", 1), await checkpoint("c1", ["a", 2])];
    const asked: string[] = [];
    server.pull = (scopes) => (asked.push(scopes[SITE] ?? "none"), [{ reset: SITE }, ...wrong]);
    await pullNow();
    expect(asked).toEqual(["none", ""]);
    await pullNow();
    expect(asked).toEqual(["none", "", "c1"]);
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ mismatched: true, cursor: "c1" });
  });

  it("a reset leaves the outbox alone", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    const lines = [{ reset: SITE }, await checkpoint("c1")];
    server.pull = () => lines;
    await pullNow();
    expect(await tablet.db.outbox.where("state").equals("waiting").count()).toBe(1);
    expect(await listed(tablet.db, "disinfection_log", SITE)).toMatchObject([{ state: "unsent" }]);
  });

  it("sends what it holds before it leaves a site, and keeps the end of the chain", async () => {
    const lines = [put("a", 1, { name: "张三" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => lines;
    await pullNow();
    await add(tablet.db, SITE, "disinfection_log", LOG);
    const { n, hash } = (await tablet.db.scopes.get(SITE))!;
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
    expect(await pullNow()).toMatchObject({ gone: [SITE], leaving: [] });
    expect(server.lines.size).toBe(1);
    expect(await names()).toEqual([]);
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ n, hash, active: false, cursor: "" });
    await expect(add(tablet.db, SITE, "disinfection_log", LOG)).rejects.toMatchObject({ code: "scope_gone" });
  });

  it("does not leave while its work cannot be sent", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    server.before = (seen) => (seen.path.endsWith("/push") ? problem(503, "busy") : null);
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
    expect(await pullNow()).toMatchObject({ gone: [], leaving: [SITE] });
    expect(await tablet.db.outbox.count()).toBe(1);
  });

  it("says that nothing is unsent before it leaves a site, and leaves only when that was heard", async () => {
    server.pull = () => [put("a", 1, { name: "张三" }), { checkpoint: SITE, cursor: "c1" }];
    await pullNow();
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
    server.after = ({ path }) => (path.endsWith("/push") ? new TypeError("network") : null);
    expect(await pullNow()).toMatchObject({ gone: [], leaving: [SITE] });
    expect(await names()).toEqual(["张三"]);
    await expect(add(tablet.db, SITE, "disinfection_log", LOG)).rejects.toMatchObject({ code: "scope_gone" });
    server.after = () => null;
    expect(await pullNow()).toMatchObject({ gone: [SITE], leaving: [] });
    expect(server.seen.at(-1)!.lines[0]!["streams"]).toMatchObject({ [SITE]: { n: 0, hash: "", unsent: 0 } });
    await push(tablet);
    expect(server.seen.at(-1)!.lines[0]!["streams"]).toEqual({});
  });

  it("does not leave on a push that was made before the site was gone", async () => {
    server.pull = () => [{ checkpoint: SITE, cursor: "c1" }];
    await pullNow();
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
    let isFirst = true;
    server.before = async ({ path }) => {
      if (path.endsWith("/pull")) return null;
      if (!isFirst) return problem(503, "busy");
      isFirst = false;
      await pullNow(); // by another tab, while this push is under way
      return null;
    };
    await push(tablet);
    expect((await tablet.db.scopes.get(SITE))?.gone).toBe(1);
  });

  it("writes again at a site that came back before it was left", async () => {
    const back = await checkpoint("c1");
    server.pull = () => [back];
    await pullNow();
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
    server.before = (seen) => (seen.path.endsWith("/push") ? problem(503, "busy") : null);
    await pullNow();
    server.pull = () => [back];
    await pullNow();
    await add(tablet.db, SITE, "disinfection_log", LOG);
    expect(await tablet.db.outbox.count()).toBe(1);
  });

  it("keeps records of kinds that nobody knows, and counts them", async () => {
    const flight = { put: "drone_flight", scope: SITE, id: "f", rev: 1, seq: 1, body: { metres: 120 } };
    const digest = digestText(await recordDigest("drone_flight", "f", 1));
    server.pull = () => [flight, { checkpoint: SITE, cursor: "c1", count: 1, digest }];
    expect(await pullNow()).toMatchObject({ changes: 1, resets: 0, problem: null });
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ live: 1, mismatched: false, cursor: "c1" });
    expect(await listed(tablet.db, "drone_flight", SITE)).toMatchObject([{ body: { metres: 120 } }]);
  });

  it("passes over lines and members that nobody knows", async () => {
    const later = [{ hint: SITE, id: "x" }, { patch: "worker", scope: SITE, id: "a", rev: 9 }];
    const end = { ...(await checkpoint("c1", ["a", 1])), weather: "fog" };
    server.pull = () => [...later, { ...put("a", 1, { name: "张三" }), weather: "fog" }, ...later, end];
    expect(await pullNow()).toMatchObject({ changes: 1, problem: null });
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ live: 1, mismatched: false, cursor: "c1" });
  });

  it("clears an entry that was refused and took effect later, but not where the server has another line", async () => {
    const refused = async (code: string) => {
      const id = await add(tablet.db, SITE, "worker", { name: "张三" });
      server.outcome = () => ({ outcome: "refused", code });
      await push(tablet);
      return id;
    };
    const [later, other] = [await refused("unknown_form"), await refused("entry_mismatch")];
    server.pull = () => [put(later, 1, { name: "张三" }), put(other, 1, { name: "李四" }), { checkpoint: SITE, cursor: "c1" }];
    await pullNow();
    const rows = await tablet.db.outbox.orderBy("seq").toArray();
    expect(rows.map((row) => [row.outcome, row.code])).toEqual([["applied", ""], ["refused", "entry_mismatch"]]);
  });

  it("a revoked device sends what it holds, then forgets what it pulled", async () => {
    const lines = [put("a", 1, { name: "张三" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => lines;
    await pullNow();
    await add(tablet.db, SITE, "disinfection_log", LOG);
    server.before = (seen) => (seen.path.endsWith("/pull") ? problem(401, "device_revoked") : null);
    expect((await syncOnce(tablet))?.code).toBe("device_revoked");
    expect(server.lines.size).toBe(1);
    expect(await tablet.db.records.count()).toBe(0);
    expect((await tablet.db.identity.get("one"))?.state).toBe("revoked");
    await expect(add(tablet.db, SITE, "disinfection_log", LOG)).rejects.toMatchObject({ code: "device_revoked" });
  });

  it("says that there is no room for more, and not that something was not saved", async () => {
    const lines = [put("a", 1, { name: "张三" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => lines;
    tablet.db.records.hook("creating", () => {
      throw new DOMException("full", "QuotaExceededError");
    });
    await add(tablet.db, SITE, "disinfection_log", LOG);
    expect((await syncOnce(tablet))?.code).toBe("pull_no_room");
    expect(server.lines.size).toBe(1);
  });

  it("pulls though it could not push", async () => {
    const lines = [put("a", 1, { name: "张三" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => lines;
    server.before = (seen) => (seen.path.endsWith("/push") ? problem(503, "busy", {}) : null);
    expect((await syncOnce(tablet))?.code).toBe("busy");
    expect(await names()).toEqual(["张三"]);
  });
});

describe("own work over what was pulled", () => {
  it("lies over it until a pull has brought it", async () => {
    const lines = [put("a", 1, { name: "张三", team: "一班" }), await checkpoint("c1", ["a", 1])];
    server.pull = () => lines;
    await pullNow();
    await edit(tablet.db, SITE, "a", { team: "二班" });
    expect(await listed(tablet.db, "worker", SITE)).toMatchObject([{ body: { team: "二班" }, state: "unsent", rev: 1 }]);
    server.outcome = () => ({ outcome: "applied", rev: 2, seq: 5 });
    await push(tablet);
    expect(await listed(tablet.db, "worker", SITE)).toMatchObject([{ body: { team: "二班" }, state: "sent" }]);
    const newer = [put("a", 3, { name: "张三", team: "三班" }), await checkpoint("c2", ["a", 3])];
    server.pull = () => newer;
    await pullNow();
    expect(await listed(tablet.db, "worker", SITE)).toMatchObject([{ body: { team: "三班" }, state: "synced", rev: 3 }]);
  });

  it("is never missing for a moment while a pull brings it, neither for the eye nor for a change", async () => {
    for (let round = 1; round <= 10; round++) {
      const id = await add(tablet.db, SITE, "worker", { name: "张三" });
      server.outcome = () => ({ outcome: "applied", rev: 1, seq: round });
      await push(tablet);
      const lines = [{ reset: SITE }, put(id, 1, { name: "张三" }), await checkpoint(`c${round}`, [id, 1])];
      server.pull = () => lines;
      let isPulling = true;
      const pulling = pullNow().finally(() => (isPulling = false));
      while (isPulling) {
        expect((await listed(tablet.db, "worker", SITE)).map((item) => item.id)).toContain(id);
        await edit(tablet.db, SITE, id, { team: "二班" });
      }
      await pulling;
    }
  });

  it("names the entry that it builds on, as long as that one has not arrived", async () => {
    const worker = await add(tablet.db, SITE, "worker", { name: "张三" });
    await add(tablet.db, SITE, "temperature_check", { worker, celsius: 36.5 });
    await voidRecord(tablet.db, SITE, worker, "录入错误");
    await push(tablet);
    await add(tablet.db, SITE, "temperature_check", { worker, celsius: 36.6 });
    await push(tablet);
    const needs = [...server.lines.values()].map((line) => line["needs"]);
    expect(needs).toEqual([undefined, [worker], [worker], undefined]);
  });

  it("numbers and chains without a hole, also when two tabs write at once", async () => {
    await Promise.all(Array.from({ length: 8 }, () => add(tablet.db, SITE, "disinfection_log", LOG)));
    const rows = await tablet.db.outbox.orderBy("seq").toArray();
    expect(rows.map((row) => row.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const lines = rows.map((row) => JSON.parse(new TextDecoder().decode(row.line)));
    expect(lines.map((line) => line.prev)).toEqual(["", ...rows.slice(0, -1).map((row) => row.hash)]);
  });
});
