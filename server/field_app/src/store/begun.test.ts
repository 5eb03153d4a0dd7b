// A form that was begun: others may belong to it before it is saved, and what was begun of those is not left behind.

import { describe, expect, it } from "vitest";
import { uuid7 } from "../protocol/ids";
import { FakeServer, SITE } from "../tests/fake_server";
import { begunAt, childDraft, halfWritten } from "./begun";
import { draftName } from "./draft_names";
import { keepDraft } from "./drafts";
import { add } from "./write";

const photo = { sha256: "a", bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) };
const FRESH = { severity: "ordinary" };

describe("a child of a form that goes on", () => {
  it.each([
    [{ severity: "ordinary" }, [], null],
    [{ severity: "ordinary", description: "" }, [], null],
    [{ severity: "severe" }, [], { text: "severe", photos: 0 }],
    [{ severity: "ordinary", topic: "mask", description: "东门积水" }, [], { text: "东门积水", photos: 0 }],
    [{ severity: "ordinary" }, [photo], { text: "", photos: 1 }],
  ])("%j with photos %j is begun: %j", async (body, photos, expected) => {
    const { db } = await (await FakeServer.make()).tablet();
    await keepDraft(db, childDraft(SITE, "leak", "r1"), { id: "d1", value: { body, photos, fresh: FRESH } });
    expect(await halfWritten(db, SITE, "leak", "r1")).toEqual(expected);
    expect(await halfWritten(db, SITE, "leak", "r2")).toBe(null);
    expect(await halfWritten(db, SITE, "other", "r1")).toBe(null);
  });

  it("is not begun any more when it was written, though the app died before it forgot the draft", async () => {
    const { db } = await (await FakeServer.make()).tablet();
    const body = { of: "r1", description: "积水" };
    const id = await add(db, SITE, "leak", body);
    await keepDraft(db, childDraft(SITE, "leak", "r1"), { id, value: { body, photos: [] } });
    expect(await halfWritten(db, SITE, "leak", "r1")).toBe(null);
  });
});

it("finds the new records that are being filled in, and no corrections, copies or children", async () => {
  const { db } = await (await FakeServer.make()).tablet();
  const startedMs = Date.parse("2026-11-23T07:00:00+08:00");
  const begin = (of: string, id: string = uuid7(startedMs), scope = SITE) => keepDraft(db, draftName(scope, `log ${of}`), { id, value: { body: {}, photos: [] } });
  const mine = uuid7(startedMs);
  await begin("round", mine);
  await begin("round at pond 一号塘");
  for (const other of ["round of x", "round in x", "round x", "log2"]) await begin(other);
  await begin("round", uuid7(startedMs), "site:other");
  await begin("done", await add(db, SITE, "done", {}));
  const found = await begunAt(db, SITE, ["round", "done"]);
  expect(found.map(({ kind, of, startedMs }) => [kind, of, startedMs])).toEqual([["round", "", startedMs], ["round", "pond 一号塘", startedMs]]);
  expect(found[0]!.id).toBe(mine);
});
