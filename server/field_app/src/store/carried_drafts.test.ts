// Drafts that move from one tablet of a person's to the next.

import { strToU8, zipSync } from "fflate";
import { beforeEach, expect, it } from "vitest";
import { hex, sha256, utf8 } from "../protocol/bytes";
import { FakeServer, SITE } from "../tests/fake_server";
import { takeDrafts } from "./carried_drafts";
import { type FieldDatabase, newScope } from "./database";
import { draftName } from "./draft_names";
import { draft, keepDraft, unfinished } from "./drafts";
import { unsentFile } from "./export";
import { add } from "./write";

const NEW = draftName(SITE, "worker new");
let server: FakeServer;
let old: FieldDatabase;
let fresh: FieldDatabase;

beforeEach(async () => {
  server = await FakeServer.make();
  [old, fresh] = [(await server.tablet()).db, (await server.tablet()).db];
  await fresh.scopes.put(newScope(SITE));
});

async function photo(text = "x") {
  const blob = new Blob([utf8(text)], { type: "image/jpeg" });
  return { sha256: hex(await sha256(utf8(text))), bytes: text.length, type: "image/jpeg", blob };
}

async function begun(name: string, id = "d1") {
  return { id, value: { body: { name }, photos: [await photo()] } };
}

it("are the same there, with their photos, and the same file twice changes nothing", async () => {
  await keepDraft(old, NEW, await begun("欧阳娜"));
  const file = await unsentFile(old);
  expect(await takeDrafts(fresh, file)).toEqual({ taken: 1, known: 0, busy: 0, foreign: 0 });
  const there = (await draft<Awaited<ReturnType<typeof begun>>>(fresh, NEW))!;
  expect(there.value.body).toEqual({ name: "欧阳娜" });
  expect(await there.value.photos[0]!.blob.text()).toBe("x");
  await keepDraft(fresh, NEW, await begun("欧阳娜娜"));
  expect(await takeDrafts(fresh, file)).toMatchObject({ taken: 0, known: 1 });
  expect(await unfinished(fresh)).toMatchObject([{ form: "worker", body: { name: "欧阳娜娜" }, photos: 1 }]);
});

it("are not taken in once they are written, nor over another form that is being filled in, nor for another's site", async () => {
  await keepDraft(old, NEW, await begun("欧阳娜"));
  await keepDraft(old, draftName("site:other", "worker new"), await begun("诸葛云", "d2"));
  const file = await unsentFile(old);
  await keepDraft(fresh, NEW, await begun("司马林", "d3"));
  expect(await takeDrafts(fresh, file)).toEqual({ taken: 0, known: 0, busy: 1, foreign: 1 });
  await add(fresh, SITE, "worker", { name: "欧阳娜" }, [], { id: "d1" });
  expect(await takeDrafts(fresh, file)).toMatchObject({ taken: 0, known: 1 });
});

it("that were to replace a refused entry go on as new ones", async () => {
  const refused = await add(old, SITE, "disinfection_log", { place: "canteen" });
  await old.outbox.where("id").equals(refused).modify({ state: "settled", outcome: "refused" });
  const value = { body: { place: "canteen", place_name: "工人食堂" }, photos: [] };
  await keepDraft(old, draftName(SITE, `log disinfection_log ${refused}`), { id: "d1", value });
  await takeDrafts(fresh, await unsentFile(old));
  expect(await unfinished(fresh)).toMatchObject([{ form: "log", of: "disinfection_log at canteen 工人食堂", copies: false }]);
});

it("of a correction stay what they are: the record is on the next tablet too", async () => {
  const record = await add(old, SITE, "disinfection_log", { place: "canteen" });
  await keepDraft(old, draftName(SITE, `log disinfection_log of ${record}`), { id: "d1", value: { body: { place: "canteen" }, photos: [] } });
  await takeDrafts(fresh, await unsentFile(old));
  expect(await unfinished(fresh)).toMatchObject([{ form: "log", of: `disinfection_log of ${record}`, copies: false }]);
});

it("of an earlier version of the app are found under the name of today", async () => {
  const about = strToU8(JSON.stringify({ user: "user" }));
  const list = strToU8(JSON.stringify([{ name: `draft:${SITE}:disinfect canteen 工人食堂`, value: { id: "d1", value: { body: {}, photos: [] } } }]));
  const zip = zipSync({ "about.json": about, "drafts.json": list });
  await takeDrafts(fresh, new Blob([zip as Uint8Array<ArrayBuffer>]));
  expect(await unfinished(fresh)).toMatchObject([{ form: "log", of: "disinfection_log at canteen 工人食堂" }]);
});

it("of a round of an earlier version are a form that goes on, with its end and its finding", async () => {
  await keepDraft(old, draftName(SITE, "round"), { id: "r1", purpose: "routine", startedMs: 1 });
  await keepDraft(old, draftName(SITE, "finish r1"), { id: "e1", value: { body: { companion: "李工" }, observed: "x" } });
  await keepDraft(old, draftName(SITE, "finding r1"), { id: "f1", value: { body: { description: "积水" }, photos: [await photo()] } });
  await takeDrafts(fresh, await unsentFile(old));
  expect((await unfinished(fresh)).map(({ form, of, body, photos }) => [form, of, body, photos])).toEqual([
    ["log", "inspection_finding in r1", { description: "积水" }, 1],
    ["log", "inspection_round", { purpose: "routine", companion: "李工" }, 0],
  ]);
  expect(await draft(fresh, draftName(SITE, "log inspection_round"))).toMatchObject({ id: "r1", value: { observed: "x" } });
});
