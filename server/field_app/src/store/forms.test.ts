// Forms that come down, and what is written by them.

import { expect, it } from "vitest";
import type { Form } from "../domain/form";
import { pull } from "../sync/pull";
import { push } from "../sync/push";
import { FakeServer, SITE } from "../tests/fake_server";
import { formsOn, isMeantFor, kindOfForm, publishedForms } from "./forms";
import { entryOf, found, type Item, listed } from "./view";
import { add, amend, edit, voidRecord } from "./write";

function form(version: number, changes: Partial<Form> = {}): Form {
  const base = { code: "pond_round", title: "池塘巡查", nature: "fact", source: "x", from: "2021-12-01", site_kinds: ["park"], writers: ["inspector"], items: [] } as const;
  return { ...base, site_kinds: ["park"], writers: ["inspector"], items: [], version, ...changes };
}

async function tablet(forms: readonly Form[]) {
  const server = await FakeServer.make();
  server.pull = () => [
    ...forms.map((body, i) => ({ put: "form", scope: "ref", id: `f${i}`, rev: 1, seq: i + 1, body })),
    { checkpoint: "ref", cursor: "c1" },
    { checkpoint: SITE, cursor: "c1" },
  ];
  const exchange = await server.tablet();
  await pull(exchange, async () => undefined);
  return { server, exchange, db: exchange.db };
}

it("offers the highest version that has begun, and none that has ended", async () => {
  const { db } = await tablet([form(2), form(1), form(3, { from: "2026-12-01" }), form(1, { code: "old", to: "2026-01-01" })]);
  const forms = await publishedForms(db);
  expect(forms).toHaveLength(4);
  expect([...formsOn(forms, "2026-11-23").values()].map(({ code, version }) => [code, version])).toEqual([["pond_round", 2]]);
  expect(formsOn(forms, "2026-12-01").get("pond_round")?.version).toBe(3);
});

it("leaves out what a later server may have made of forms", async () => {
  const { db } = await tablet([{ code: "strange" } as unknown as Form, form(1)]);
  expect((await publishedForms(db)).map(({ code }) => code)).toEqual(["pond_round"]);
});

it("offers a form at the kinds of sites that it is for, to those who write it", () => {
  const site = (kind?: string) => ({ body: kind ? { kind } : {} }) as unknown as Item;
  expect([site("park"), site("office"), site()].map((one) => isMeantFor(form(1), one, "inspector"))).toEqual([true, false, true]);
  expect(isMeantFor(form(1, { writers: ["brigade"] }), site("park"), "inspector")).toBe(false);
});

it("names its version in what is written by it, and in nothing else", async () => {
  const { server, exchange, db } = await tablet([form(2)]);
  const id = await add(db, SITE, "pond_round", { look: "clear" }, [], { form: 2 });
  const right = await amend(db, SITE, id, { look: "other" }, [], { form: 2 });
  await voidRecord(db, SITE, right, "录入错误");
  await add(db, SITE, "supply_movement", { item: "mask" });
  await push(exchange);
  const lines = [...server.lines.values()];
  expect(lines.map(({ act, form }) => [act, form])).toEqual([["add", 2], ["amend", 2], ["void", undefined], ["add", undefined]]);
  expect(lines[1]).toMatchObject({ record: right, amends: id, needs: [id] });
  expect(lines[1]!["at"].observed).toBeUndefined();
  const listedNow = await listed(db, "pond_round", SITE);
  expect(listedNow.map(({ body }) => [body["look"], !!body["amended_by"], !!body["voided"]])).toEqual([["clear", true, false], ["other", false, true]]);
});

it("needs the records that it names, and finds facts by their day and registers without", async () => {
  const { db } = await tablet([form(1), form(1, { code: "pump_list", nature: "register" })]);
  const worker = await add(db, SITE, "worker", { name: "张三" });
  const id = await add(db, SITE, "pond_round", { driver: worker }, [], { form: 1, about: [worker] });
  const pump = await add(db, SITE, "pump_list", { name: "一号泵" }, [], { form: 1 });
  await edit(db, SITE, pump, { name: "二号泵" }, [], { form: 1 });
  const rows = await db.outbox.toArray();
  const days = Object.fromEntries(rows.map((row) => [row.id, row.day]));
  expect([days[id] === "", days[pump]]).toEqual([false, ""]);
  expect(rows.map((row) => (entryOf(row) as { needs?: string[]; form?: number }).needs ?? [])).toEqual([[], [worker], [], [pump]]);
  expect((await found(db, "pump_list", SITE, pump))?.body["name"]).toBe("二号泵");
});

it("is a kind as lists and pages know it", () => {
  expect(kindOfForm(form(1)).acts).toEqual(["add", "amend", "void"]);
  expect(kindOfForm(form(1, { nature: "register", icon: "pump" }))).toMatchObject({ acts: ["add", "edit", "void"], icon: "pump" });
});
