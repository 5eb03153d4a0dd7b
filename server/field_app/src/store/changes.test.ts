// What changed since somebody asked last: puts, deletions, resets.

import { expect, it } from "vitest";
import { changes } from "./changes";
import { FieldDatabase } from "./database";
import { changeKey, commit, purge } from "./records";
import type { Body } from "../protocol/entry";

const SITE = "site:01971c5e-8a00-7000-8000-0000000000a1";

async function land(db: FieldDatabase, cursor: string, reset: boolean, ...rows: [id: string, seq: number, body: Body | null][]): Promise<void> {
  const before = (await db.scopes.get(SITE))?.cursor ?? "";
  const made = rows.map(([id, seq, body]) => [changeKey(id, "log"), { id, kind: "log", rev: seq, seq, body }] as const);
  const checkpoint = { scope: SITE, cursor, count: null, digest: null };
  await commit(db, { reset, changes: new Map(made) }, checkpoint, before, new Set(), Date.now());
}

const ids = ({ changed }: Awaited<ReturnType<typeof changes>>) => changed.map(({ id, body }) => (body ? id : `-${id}`));

it("gives what came since, in the server's order, and deletions too", async () => {
  const db = new FieldDatabase(`test ${crypto.randomUUID()}`);
  await land(db, "c1", true, ["b", 2, {}], ["a", 1, {}]);
  const first = await changes(db, SITE);
  expect([first.reset, ids(first)]).toEqual([true, ["a", "b"]]);
  await land(db, "c2", false, ["c", 4, {}], ["a", 3, null]);
  const second = await changes(db, SITE, first.cursor);
  expect([second.reset, ids(second)]).toEqual([false, ["-a", "c"]]);
  const third = await changes(db, SITE, second.cursor);
  expect([third.reset, ids(third), third.cursor]).toEqual([false, [], second.cursor]);
  await land(db, "c3", false, ["a", 5, {}]); // it came back: no longer deleted
  expect(ids(await changes(db, SITE, first.cursor))).toEqual(["c", "a"]);
});

it("gives everything again after a reset, whose seqs may be lower", async () => {
  const db = new FieldDatabase(`test ${crypto.randomUUID()}`);
  await land(db, "c1", true, ["a", 900, {}], ["b", 901, null]);
  const { cursor } = await changes(db, SITE);
  await land(db, "c2", true, ["c", 7, {}]);
  const after = await changes(db, SITE, cursor);
  expect([after.reset, ids(after)]).toEqual([true, ["c"]]);
});

it("forgets a scope that was left, deletions too", async () => {
  const db = new FieldDatabase(`test ${crypto.randomUUID()}`);
  await land(db, "c1", true, ["a", 1, {}], ["b", 2, null]);
  await db.scopes.update(SITE, { gone: 2 });
  expect(await purge(db, SITE)).toBe(true);
  expect([await db.removed.count(), ids(await changes(db, SITE))]).toEqual([0, []]);
});
