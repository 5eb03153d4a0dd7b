// Thousands of records are listed after every touch: what cannot have changed is read once, and what changed is seen.

import { beforeEach, expect, it } from "vitest";
import { FakeServer, SITE } from "../tests/fake_server";
import type { Exchange } from "../sync/exchange";
import { pull } from "../sync/pull";
import { push } from "../sync/push";
import { listed, listedTogether } from "./view";
import { add, edit, voidRecord } from "./write";

const MANY = 60; // more than are read one by one
const KIND = "temperature_check";
let server: FakeServer;
let tablet: Exchange;
let read: { outbox: number; records: number };

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
  read = { outbox: 0, records: 0 };
  const count = (table: keyof typeof read) => (row: unknown) => ((read[table] += 1), row);
  tablet.db.outbox.hook("reading", count("outbox"));
  tablet.db.records.hook("reading", count("records"));
});

const check = (n = 0) => add(tablet.db, SITE, KIND, { worker: `w${n}`, celsius: 36.5, slot: "meal", point: "gate" });
const list = async (day?: string) => {
  read = Object.assign(read, { outbox: 0, records: 0 });
  return listed(tablet.db, KIND, SITE, day);
};

it("reads a line once, and after that only what was written since", async () => {
  for (let n = 0; n < MANY; n++) await check(n);
  expect(await list()).toHaveLength(MANY);
  expect(read.outbox).toBe(MANY);
  expect(await list()).toHaveLength(MANY);
  expect(read.outbox).toBe(0);
  const id = await check();
  expect((await list()).at(-1)?.id).toBe(id);
  expect(read.outbox).toBe(1);
});

it("sees what became of a line without reading it again", async () => {
  await check();
  await check();
  expect((await list()).map((item) => item.state)).toEqual(["unsent", "unsent"]);
  server.outcome = (line) => (line["n"] === 1 ? { outcome: "held" } : null);
  await push(tablet);
  expect((await list()).map((item) => item.state)).toEqual(["held", "sent"]);
  expect(read.outbox).toBe(0);
});

it("forgets at once what the server refused", async () => {
  await check();
  expect(await list()).toHaveLength(1);
  server.outcome = () => ({ outcome: "refused", code: "body_invalid" });
  await push(tablet);
  expect(await list()).toEqual([]);
});

it("knows of a day what a later day declares void", async () => {
  const id = await check();
  const row = (await tablet.db.outbox.where("id").equals(id).first())!;
  expect(await list(row.day)).toHaveLength(1);
  await voidRecord(tablet.db, SITE, id, "x");
  await tablet.db.outbox.toCollection().filter((one) => one.act === "void").modify({ day: "2099-01-01" });
  expect(await list(row.day)).toMatchObject([{ id, body: { voided: true } }]);
  expect(await list("2099-01-01")).toEqual([]);
});

it("keeps what was pulled until something else comes down", async () => {
  const put = (rev: number, team: string) => ({ put: "worker", scope: SITE, id: "019ab000-0000-7000-8000-000000000001", rev, body: { name: "张三", team } });
  const end = [{ end: true, more: false, beacon: "b", server_time: "2026-11-23T12:00:00.000+08:00" }];
  server.pull = () => [put(1, "一班"), { checkpoint: SITE, cursor: "c1" }, ...end];
  await pull(tablet, async () => undefined);
  const team = async () => (await listed(tablet.db, "worker", SITE)).map((item) => item.body["team"]);
  expect(await team()).toEqual(["一班"]);
  read.records = 0;
  expect(await team()).toEqual(["一班"]);
  expect(read.records).toBe(0);
  await edit(tablet.db, SITE, put(1, "").id, { team: "二班" });
  expect(await team()).toEqual(["二班"]);
  server.pull = () => [put(2, "三班"), { checkpoint: SITE, cursor: "c2" }, ...end];
  await tablet.db.outbox.clear();
  await pull(tablet, async () => undefined);
  expect(await team()).toEqual(["三班"]);
});

it("gives several kinds as they were at one moment", async () => {
  await check();
  const [checks, workers] = await listedTogether(tablet.db, SITE, [{ kind: KIND }, { kind: "worker" }]);
  expect([checks.length, workers.length]).toEqual([1, 0]);
});
