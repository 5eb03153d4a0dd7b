// A site that is taken away, and a device that is taken out: what lies here goes up first, and is never deleted unsent.

import { beforeEach, describe, expect, it } from "vitest";
import { unsent } from "../store/unsent";
import { add } from "../store/write";
import { FakeServer, problem, SITE } from "../tests/fake_server";
import { forgetIdentity } from "./enrol";
import type { Exchange } from "./exchange";
import { syncOnce } from "./syncer";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
const PHOTO = { sha256: "a", bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) };
let server: FakeServer;
let tablet: Exchange;
let isMediaOpen: boolean;
let isPushOpen: boolean;
let isRevoked: boolean;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
  [isMediaOpen, isPushOpen, isRevoked] = [true, true, false];
  server.pull = () => [{ checkpoint: SITE, cursor: "c1", count: 0, digest: "0000000000000000" }];
  server.before = ({ path }) => {
    if (path.endsWith("/pull") && isRevoked) return problem(401, "device_revoked");
    if (path.endsWith("/push") && !isPushOpen) return problem(503, "busy");
    return path.includes("/media") && !isMediaOpen ? problem(503, "busy") : null;
  };
  await syncOnce(tablet);
  await add(tablet.db, SITE, "disinfection_log", LOG, [PHOTO]);
});

const state = async () => (await tablet.db.identity.get("one"))?.state;
const asked = () => server.seen.filter(({ path }) => path.includes("/media/")).length;

describe("a site that is taken away", () => {
  beforeEach(() => {
    server.pull = () => [{ gone: SITE, reason: "unassigned" }];
  });

  it("is kept as long as a photo of it waits, and goes when the photo went", async () => {
    isMediaOpen = false;
    await syncOnce(tablet);
    expect(await unsent(tablet.db)).toEqual({ entries: 0, photos: 1 });
    expect(await tablet.db.outbox.count()).toBe(1);
    isMediaOpen = true;
    await syncOnce(tablet);
    expect([await tablet.db.photos.count(), await tablet.db.outbox.count()]).toEqual([0, 0]);
    expect(asked()).toBe(3); // refused twice, for each pass of an exchange
  });

  it("sends its photos also where data are saved", async () => {
    await syncOnce(tablet, false);
    expect(asked()).toBe(1);
    expect((await tablet.db.scopes.get(SITE))?.active).toBe(false);
  });
});

describe("a device that is taken out", () => {
  beforeEach(() => {
    isRevoked = true;
  });

  it("sends its photos before it forgets them", async () => {
    await syncOnce(tablet);
    expect(await state()).toBe("revoked");
    expect([server.lines.size, asked()]).toEqual([1, 1]);
    expect([await tablet.db.photos.count(), await tablet.db.outbox.count()]).toEqual([0, 0]);
  });

  it("keeps what could not be sent, and goes on trying", async () => {
    isPushOpen = false;
    await syncOnce(tablet);
    expect(await state()).toBe("revoked");
    expect(await unsent(tablet.db)).toEqual({ entries: 1, photos: 1 });
    isPushOpen = true;
    isMediaOpen = false;
    await syncOnce(tablet);
    expect(await unsent(tablet.db)).toEqual({ entries: 0, photos: 1 });
    isMediaOpen = true;
    await syncOnce(tablet);
    expect(await tablet.db.photos.count()).toBe(0);
  });

  it("is not enrolled again over work that is unsent, a photo or an entry, unless that was exported", async () => {
    isPushOpen = isMediaOpen = false;
    await syncOnce(tablet);
    await expect(forgetIdentity(tablet.db)).rejects.toMatchObject({ code: "entries_waiting" });
    isPushOpen = true;
    await syncOnce(tablet);
    await expect(forgetIdentity(tablet.db)).rejects.toMatchObject({ code: "entries_waiting" });
    await tablet.db.setNote("exported_seq", (await tablet.db.outbox.toArray())[0]!.seq!);
    await forgetIdentity(tablet.db);
    expect(await state()).toBe(undefined);
  });
});
