// 补录: what was first written on paper counts when it was done, and says so, from the moment when it is written here.

import { beforeEach, expect, it, vi } from "vitest";
import { DEVICE, FakeServer, SITE } from "../tests/fake_server";
import { push } from "../sync/push";
import type { Exchange } from "../sync/exchange";
import { append } from "./outbox";
import { commit, changeKey } from "./records";
import { timeMark } from "./times";
import { listed, writtenIn } from "./view";
import { add } from "./write";

const KIND = "disinfection_log";
const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
const NOON = Date.parse("2026-11-23T12:00:00+08:00");
const EVENING_BEFORE = NOON - 15 * 3600_000;
let server: FakeServer;
let tablet: Exchange;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
  const clock = vi.spyOn(Date, "now").mockReturnValue(NOON);
  return () => clock.mockRestore();
});

const ofDay = (day: string) => listed(tablet.db, KIND, SITE, day);

it("is written as its author says, and shown on the day when it was done", async () => {
  const id = await add(tablet.db, SITE, KIND, LOG, [], { observedMs: EVENING_BEFORE });
  expect(await ofDay("2026-11-23")).toEqual([]);
  const [item] = await ofDay("2026-11-22");
  expect(item).toMatchObject({ id, timeMs: EVENING_BEFORE, body: { observed: "2026-11-22T21:00:00.000+08:00" } });
  expect(timeMark(item!.body)).toBe("补录");
  await push(tablet);
  expect(server.lines.get(id)!["at"]).toEqual({ wall: "2026-11-23T12:00:00.000+08:00", observed: "2026-11-22T21:00:00.000+08:00" });
  expect(await writtenIn(tablet.db, id)).toMatchObject({ id, observedMs: EVENING_BEFORE });
});

it("stays on its day when it was pulled", async () => {
  const at = { time: "2026-11-23T12:00:00+08:00", bound_ms: 1_000, grade: "offset" };
  const body = { ...LOG, at, device: DEVICE, backfilled: true, observed: "2026-11-22T21:00:00.000+08:00" };
  const changes = new Map([[changeKey("a", KIND), { id: "a", kind: KIND, rev: 1, seq: 1, body }]]);
  await commit(tablet.db, { reset: false, changes }, { scope: SITE, cursor: "c", count: null, digest: null }, "", new Set(), NOON);
  expect(await ofDay("2026-11-22")).toMatchObject([{ id: "a", timeMs: EVENING_BEFORE, state: "synced" }]);
});

it("says nothing of it where it was done now", async () => {
  const id = await add(tablet.db, SITE, KIND, LOG);
  const [item] = await ofDay("2026-11-23");
  expect([item!.body["observed"], timeMark(item!.body)]).toEqual([undefined, ""]);
  expect(await writtenIn(tablet.db, id)).toMatchObject({ observedMs: null });
});

it("hands its time on to what corrects it here", async () => {
  const id = await add(tablet.db, SITE, KIND, LOG, [], { observedMs: EVENING_BEFORE });
  const wall = "2026-11-23T12:00:00.000+08:00";
  const draft = { id: "b", scope: SITE, kind: KIND, record: "b", act: "amend" as const, amends: id, reason: "r", at: { wall }, body: LOG };
  await append(tablet.db, draft);
  const [before, after] = await listed(tablet.db, KIND, SITE);
  expect(before!.body["amended_by"]).toBe("b");
  expect(after).toMatchObject({ id: "b", timeMs: EVENING_BEFORE, body: { amends: id, observed: "2026-11-22T21:00:00.000+08:00" } });
});

it("is not still to be done, by the server's clock", async () => {
  const write = (observedMs: number) => add(tablet.db, SITE, KIND, LOG, [], { observedMs });
  await expect(write(NOON + 60_000)).rejects.toMatchObject({ code: "observed_ahead" });
  await tablet.db.setNote("server_offset_ms", 3600_000); // this tablet's clock is an hour slow
  await write(NOON + 60_000);
  await tablet.db.setNote("server_offset_ms", -3600_000);
  await expect(write(NOON)).rejects.toMatchObject({ code: "observed_ahead" });
  expect(await tablet.db.outbox.count()).toBe(1);
});
