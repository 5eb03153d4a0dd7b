// A finding that was begun belongs to its round, until it is saved or a person says that it is not wanted.

import { expect, it } from "vitest";
import { FakeServer, SITE } from "../tests/fake_server";
import { keepDraft } from "./drafts";
import { findingDraft, halfWritten } from "./rounds";
import { add } from "./write";

const photo = { sha256: "a", bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) };

it.each([
  [{ severity: "ordinary" }, [], null],
  [{ severity: "severe", description: "" }, [], null],
  [{ severity: "ordinary", topic: "mask" }, [], { text: "", photos: 0 }],
  [{ severity: "ordinary", description: "积水" }, [], { text: "积水", photos: 0 }],
  [{ severity: "ordinary" }, [photo], { text: "", photos: 1 }],
])("%j with photos %j is begun: %j", async (body, photos, expected) => {
  const { db } = await (await FakeServer.make()).tablet();
  await keepDraft(db, findingDraft(SITE, "r1"), { id: "d1", value: { body, photos } });
  expect(await halfWritten(db, SITE, "r1")).toEqual(expected);
  expect(await halfWritten(db, SITE, "r2")).toBe(null);
});

it("is not begun any more when it was written, though the app died before it forgot the draft", async () => {
  const { db } = await (await FakeServer.make()).tablet();
  const body = { round: "r1", severity: "severe", topic: "mask", description: "积水" };
  const id = await add(db, SITE, "inspection_finding", body);
  await keepDraft(db, findingDraft(SITE, "r1"), { id, value: { body, photos: [] } });
  expect(await halfWritten(db, SITE, "r1")).toBe(null);
});
