import { afterEach, beforeEach, expect, test } from "vitest";
import { READING } from "../domain/code_kinds";
import { FieldDatabase } from "./database";
import { correctedBy, endsOf, writtenSince } from "./mine";
import { add, amend, voidRecord } from "./write";

const SCOPE = "site:1";
let db: FieldDatabase;
beforeEach(() => (db = new FieldDatabase(`mine ${Math.random()}`)));
afterEach(() => db.delete());

const read = (celsius: number) => add(db, SCOPE, READING, { worker: "w", celsius, slot: "before_work", point: "gate" });

test("what was written since a moment, the last one first, whatever was forgotten before", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 7; i++) ids.push(await read(36 + i / 10));
  const rows = await db.outbox.orderBy("seq").toArray();
  for (const [i, row] of rows.entries()) await db.outbox.update(row.seq!, { wallMs: i * 10 });
  await db.outbox.delete(rows[2]!.seq!);
  const since = async (ms: number) => (await writtenSince(db, ms)).map(({ id }) => ids.indexOf(id));
  expect(await since(40)).toEqual([6, 5, 4]);
  expect(await since(15)).toEqual([6, 5, 4, 3]);
  expect(await since(0)).toEqual([6, 5, 4, 3, 1, 0]);
  expect(await since(61)).toEqual([]);
  await db.outbox.clear();
  expect(await since(0)).toEqual([]);
});

test("what was corrected or declared void is known before and after it was pulled back", async () => {
  const [one, two, three] = [await read(36.1), await read(36.2), await read(36.3)];
  await voidRecord(db, SCOPE, one, "录入错误");
  await amend(db, SCOPE, two, { worker: "w", celsius: 36.9, slot: "before_work", point: "gate" });
  const rows = await writtenSince(db, 0);
  expect([...correctedBy(rows)]).toEqual([two]);
  expect(await endsOf(db, [one, two, three])).toEqual(new Map([[one, "voided"]]));
  await db.records.put({ scope: SCOPE, id: three, kind: READING, rev: 2, seq: 1, stale: 0, part: "0", day: "", body: { amended_by: "x" } });
  expect((await endsOf(db, [three])).get(three)).toBe("amended");
});
