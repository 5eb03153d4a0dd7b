// Enrolled again at a server that was restored from a backup older than the enrolment.

import { beforeEach, describe, expect, it } from "vitest";
import { entryOf } from "../store/view";
import { add, edit } from "../store/write";
import { DEVICE, FakeServer, problem, SITE } from "../tests/fake_server";
import { enrol } from "./enrol";
import type { Exchange } from "./exchange";
import { push } from "./push";
import { syncOnce } from "./syncer";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
const PHOTO = { sha256: "a", bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) };
let server: FakeServer;
let tablet: Exchange;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
  await tablet.db.setNote("trouble", "unauthenticated"); // as the syncer notes it
});

const rows = () => tablet.db.outbox.orderBy("seq").toArray();
const enrolAs = async (user: string, device = "01980a00-0000-7000-8000-00000000d002") => {
  server.device = device;
  const given = { device, token: "new", user, server_key: await server.publicKey(), beacon: "b9" };
  server.before = ({ path }) => (path.endsWith("/enrol") ? Response.json({ ...given, server_time: new Date().toISOString() }) : null);
  await enrol(tablet, "CODE", "平板");
};

describe("a tablet that the server does not know any more", () => {
  it("writes what it holds again, as the new device's: the same ids, a chain of its own", async () => {
    const worker = await add(tablet.db, SITE, "worker", { name: "张三" }, [PHOTO]);
    await add(tablet.db, SITE, "temperature_check", { worker, celsius: 36.5 });
    await push(tablet);
    await tablet.db.photos.toCollection().modify({ state: "sent" });
    await edit(tablet.db, SITE, worker, { team: "二班" });
    const before = await rows();
    server.lines.clear();
    server.before = () => problem(401, "unauthenticated");
    expect((await syncOnce(tablet))?.code).toBe("unauthenticated");
    await enrolAs("user");
    const after = await rows();
    expect(after.map(({ id, n, state }) => [id, n, state])).toEqual(before.map(({ id }, i) => [id, i + 1, "waiting"]));
    expect(after.map(entryOf)).toEqual(before.map(entryOf).map((entry, i) => ({ ...entry, n: i + 1, prev: after[i - 1]?.hash ?? "" })));
    expect(await tablet.db.photos.toArray()).toMatchObject([{ state: "waiting", url: "" }]);
    expect((await push(tablet)).problem).toBe(null);
    expect([...server.lines.keys()]).toEqual(before.map((row) => row.id));
    expect((await rows()).map((row) => row.outcome)).toEqual(["applied", "applied", "applied"]);
    expect(await tablet.db.identity.get("one")).toMatchObject({ state: "enrolled", token: "new" });
  });

  it("numbers from 1 again after a hole: lines that were forgotten long ago leave none", async () => {
    for (const _ of [1, 2, 3]) await add(tablet.db, SITE, "disinfection_log", LOG);
    await tablet.db.outbox.delete((await rows())[0]!.seq!);
    await enrolAs("user");
    expect((await rows()).map((row) => row.n)).toEqual([1, 2]);
    expect(await tablet.db.scopes.get(SITE)).toMatchObject({ n: 2, hash: (await rows())[1]!.hash, ackedN: 0, cursor: "" });
  });

  it("takes it that the server has an entry after all as good", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    await enrolAs("user");
    server.outcome = () => ({ outcome: "refused", code: "entry_mismatch" });
    await push(tablet);
    expect(await rows()).toMatchObject([{ state: "settled", outcome: "applied" }]);
    await push(tablet);
    expect(server.seen.at(-1)!.lines.length).toBe(1); // it is not sent over and over
  });

  it("never takes over the work of another user: it must have been exported", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    await expect(enrolAs("other")).rejects.toMatchObject({ code: "other_user" });
    expect(await tablet.db.identity.get("one")).toMatchObject({ user: "user", device: DEVICE });
    expect((await rows()).length).toBe(1);
    await tablet.db.setNote("exported_seq", (await rows())[0]!.seq!);
    await enrolAs("other");
    expect((await rows()).length).toBe(0);
    expect(await tablet.db.identity.get("one")).toMatchObject({ user: "other" });
  });

  it("asks again with the same key when the answer was lost", async () => {
    server.before = () => new TypeError("network");
    await expect(enrol(tablet, "CODE", "平板")).rejects.toMatchObject({ trouble: { code: "offline" } });
    await expect(enrol(tablet, "CODE", "平板")).rejects.toMatchObject({ trouble: { code: "offline" } });
    const [first, second] = server.seen.map(({ lines }) => lines[0]!["public_key"]);
    expect(first).toBe(second);
  });

  it("is not enrolled again as long as the server knows it", async () => {
    await tablet.db.setNote("trouble", "");
    await expect(enrolAs("user")).rejects.toMatchObject({ code: "already_enrolled" });
  });
});
