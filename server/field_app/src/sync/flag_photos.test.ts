import { beforeEach, describe, expect, it } from "vitest";
import { flagPhotos } from "../store/flag_photos";
import { newScope } from "../store/database";
import { FakeServer, SITE } from "../tests/fake_server";
import type { Exchange } from "./exchange";
import { followFlagPhotos } from "./flag_photos";

const FLAG = "01971c5e-8a00-7000-8000-00000000f1a6";
const [FIRST, SECOND] = ["a".repeat(64), "b".repeat(64)];
let server: FakeServer;
let tablet: Exchange;

async function pulled(state: string, ...media: string[]): Promise<void> {
  const body = { duty: "D", state, opened: "2026-11-24T08:00:00+08:00", reply: { note: "已补做", by: "王芳", at: "2026-11-24T12:00:00+08:00", media } };
  await tablet.db.records.put({ scope: SITE, id: FLAG, kind: "flag", rev: 1, seq: 1, stale: 0, part: "", day: "", body });
}

const asked = () => server.seen.map(({ path }) => path.split("/").at(-1));
const held = async () => [...(await flagPhotos(tablet.db, FLAG)).keys()].sort();

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
  await tablet.db.scopes.put(newScope(SITE));
  server.before = () => new Response(new Blob(["jpeg"]));
});

describe("photos of replies", () => {
  it("come once, while the flag is open, and go with it", async () => {
    await pulled("submitted", FIRST, SECOND);
    await followFlagPhotos(tablet, true);
    await followFlagPhotos(tablet, true);
    expect([asked(), await held()]).toEqual([[FIRST, SECOND], [FIRST, SECOND]]);
    await pulled("closed", FIRST, SECOND);
    await followFlagPhotos(tablet, false);
    expect(await held()).toEqual([]);
  });

  it("that do not come are asked for at the next exchange, and fail nothing", async () => {
    await pulled("submitted", FIRST, SECOND);
    server.before = ({ path }) => (path.endsWith(SECOND) ? new TypeError("no network") : new Response(new Blob(["jpeg"])));
    await followFlagPhotos(tablet, true);
    expect(await held()).toEqual([FIRST]);
    server.before = () => new Response(new Blob(["jpeg"]));
    await followFlagPhotos(tablet, true);
    expect([asked(), await held()]).toEqual([[FIRST, SECOND, SECOND], [FIRST, SECOND]]);
  });

  it("are not asked for where only forgetting is meant", async () => {
    await pulled("submitted", FIRST);
    await followFlagPhotos(tablet, false);
    expect(asked()).toEqual([]);
  });

  it("of a site that is gone go too", async () => {
    await pulled("submitted", FIRST);
    await followFlagPhotos(tablet, true);
    await tablet.db.scopes.update(SITE, { active: false });
    await followFlagPhotos(tablet, false);
    expect(await held()).toEqual([]);
  });
});
