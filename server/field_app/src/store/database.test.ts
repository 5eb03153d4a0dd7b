// A database that an older version of the app left behind.

import Dexie from "dexie";
import { expect, it } from "vitest";
import { FieldDatabase, failureCode } from "./database";

it("takes over the photos and lines of an older version", async () => {
  const name = `test ${crypto.randomUUID()}`;
  const old = new Dexie(name);
  old.version(2).stores({ scopes: "scope", outbox: "++seq, &id, [scope+n], [scope+state], state, [kind+shown], record", media: "sha256, state, entry" });
  const photo = { sha256: "a", entry: "e1", type: "image/jpeg", blob: new Blob(["x"]), state: "waiting", url: "/u", code: "" };
  await old.table("media").add(photo);
  await old.table("outbox").add({ id: "e1", scope: "s", n: 1, state: "waiting" });
  await old.table("scopes").add({ scope: "s", n: 1, active: true });
  old.close();
  const db = new FieldDatabase(name);
  expect(await db.photos.toArray()).toMatchObject([{ sha256: "a", entry: "e1", state: "waiting", url: "/u" }]);
  expect(await db.photos.where("entry").equals("e1").count()).toBe(1);
  expect(await db.outbox.toArray()).toMatchObject([{ id: "e1", schema: "2026.1", carried: 0 }]);
  expect(db.tables.map((table) => table.name)).not.toContain("media");
  expect(await db.scopes.toArray()).toMatchObject([{ scope: "s", n: 1, gone: 0 }]);
});

it.each([
  { of: "scopes that know of `gone`", outbox: "[kind+shown]", gone: 1 },
  { of: "lines that are found by state", outbox: "[kind+shown+state+scope+day], [shown+act], [state+outcome+seen]", gone: undefined },
])("goes on from the layout called 4 of $of", async ({ outbox, gone }) => {
  const name = `test ${crypto.randomUUID()}`;
  const old = new Dexie(name);
  old.version(4).stores({
    ...{ identity: "one", notes: "name", scopes: "scope", photos: "[entry+sha256], state, entry" },
    records: "[scope+id+kind], [kind+scope+day], [scope+stale], id",
    outbox: `++seq, &id, [scope+n], [scope+state], state, ${outbox}, record`,
  });
  await old.table("scopes").add({ scope: "s", n: 1, active: true, ...(gone && { gone }) });
  await old.table("outbox").add({ id: "e1", scope: "s", n: 1, state: "settled", outcome: "refused", seen: 0, kind: "case", shown: 1, act: "void", day: "" });
  old.close();
  const db = new FieldDatabase(name);
  expect(await db.scopes.toArray()).toMatchObject([{ scope: "s", gone: gone ?? 0 }]);
  expect(await db.outbox.where("[state+outcome+seen]").equals(["settled", "refused", 0]).count()).toBe(1);
  expect(await db.outbox.where("[shown+act]").equals([1, "void"]).count()).toBe(1);
  expect(await db.outbox.where("[kind+shown+state+scope+day]").equals(["case", 1, "settled", "s", ""]).count()).toBe(1);
});

it("finds drafts again that an older version named otherwise", async () => {
  const name = `test ${crypto.randomUUID()}`;
  const old = new Dexie(name);
  old.version(5).stores({ notes: "name" });
  await old.table("notes").bulkAdd([
    { name: "draft:site:1:disinfect canteen 工人食堂", value: { id: "d1" } },
    { name: "draft:site:1:disinfect 01980a00-0000-7000-8000-00000000d001", value: { id: "d2" } },
    { name: "draft:site:1:worker new", value: { id: "d3" } },
    { name: "draft:site:1:round", value: { id: "r1", purpose: "special", startedMs: 1 } },
    { name: "draft:site:1:finding r1", value: { id: "f1", value: { body: {}, photos: [] } } },
    { name: "draft:site:1:finding e9", value: { id: "f2", value: { body: {}, photos: [] } } },
    { name: "draft:site:1:finish e8", value: { id: "f3", value: { body: {} } } },
  ]);
  old.close();
  expect((await new FieldDatabase(name).notes.toArray()).map((note) => note.name).sort()).toEqual([
    "draft:site:1:log inspection_finding e9",
    "draft:site:1:log inspection_finding in r1",
    "draft:site:1:log inspection_round",
    "draft:site:1:log inspection_round e8",
    "draft:site:1:log disinfection_log 01980a00-0000-7000-8000-00000000d001",
    "draft:site:1:log disinfection_log at canteen 工人食堂",
    "draft:site:1:worker new",
  ].sort());
});

it("knows a full disk, however deep it lies", () => {
  const full = new DOMException("full", "QuotaExceededError");
  expect(failureCode(full)).toBe("storage_full");
  expect(failureCode(Object.assign(new Error("abort"), { inner: full }))).toBe("storage_full");
  expect(failureCode(Object.assign(new Error("bulk"), { failures: [full] }))).toBe("storage_full");
  expect(failureCode(new Error("else"))).toBe("not_saved");
});

it("gives records of an older version a place before all that comes", async () => {
  const name = `test ${crypto.randomUUID()}`;
  const old = new Dexie(name);
  old.version(7).stores({ scopes: "scope", records: "[scope+id+kind], [kind+scope+day], [scope+stale], id" });
  await old.table("records").add({ scope: "s", id: "r", kind: "log", rev: 1, stale: 0, day: "", body: {} });
  await old.table("scopes").add({ scope: "s", cursor: "c", active: true });
  old.close();
  const db = new FieldDatabase(name);
  expect(await db.records.where("[scope+seq]").equals(["s", 0]).count()).toBe(1);
  expect((await db.scopes.get("s"))?.history).toBe("");
});
