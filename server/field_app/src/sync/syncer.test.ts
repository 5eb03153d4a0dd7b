import { beforeEach, describe, expect, it, vi } from "vitest";
import { add } from "../store/write";
import { FakeServer, problem, SITE } from "../tests/fake_server";
import type { Exchange } from "./exchange";
import { delayMs, Syncer } from "./syncer";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
const PHOTO = { sha256: "a", bytes: 1, type: "image/jpeg", blob: new Blob(["x"]) };
const page = { visibilityState: "visible" };
const connection = { saveData: false };
let server: FakeServer;
let tablet: Exchange;
let syncer: Syncer;

beforeEach(async () => {
  Object.assign(page, { visibilityState: "visible" });
  Object.assign(connection, { saveData: false });
  vi.stubGlobal("document", page);
  vi.stubGlobal("navigator", { connection });
  server = await FakeServer.make();
  tablet = await server.tablet();
  syncer = new Syncer(tablet, () => undefined);
  return () => {
    syncer.stop();
    vi.unstubAllGlobals();
  };
});

const asked = () => server.seen.map(({ path }) => path.split("/")[3]);
const trouble = () => tablet.db.note("trouble");

describe("an exchange", () => {
  it("leaves the photos for later where data are saved, unless a person asks", async () => {
    connection.saveData = true;
    await add(tablet.db, SITE, "disinfection_log", LOG, [PHOTO]);
    await syncer.now(false);
    expect(asked()).toEqual(["pull", "push", "pull"]);
    await syncer.now();
    expect(asked().at(-1)).toBe("media");
  });

  it("goes on for a device that was taken out until nothing is unsent", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    let isIll = true;
    server.before = ({ path }) => (path.endsWith("/pull") ? problem(401, "device_revoked") : isIll ? problem(503, "busy") : null);
    await syncer.now(false);
    expect((await tablet.db.identity.get("one"))?.state).toBe("revoked");
    isIll = false;
    await syncer.now(false);
    expect([server.lines.size, await trouble()]).toEqual([1, ""]);
    const before = server.seen.length;
    await syncer.now(false);
    expect(server.seen.length).toBe(before);
  });

  it("that breaks in the tablet itself says nothing of what was saved", async () => {
    tablet.db.records.hook("creating", () => {
      throw new Error("something else");
    });
    const day = { put: "worker", scope: SITE, id: "a", rev: 1, seq: 1, body: {} };
    server.pull = () => [day, { checkpoint: SITE, cursor: "c1" }];
    vi.spyOn(console, "info").mockImplementation(() => undefined);
    await add(tablet.db, SITE, "disinfection_log", LOG);
    await syncer.now();
    expect(await trouble()).toBe("sync_failed");
    expect(server.lines.size).toBe(1); // a pull that breaks keeps nothing from being sent
  });

  it("pulls first, so that the push carries a fresh beacon, and pulls again only what came of it", async () => {
    await syncer.now();
    expect(asked()).toEqual(["pull", "push"]);
    expect(server.seen.at(-1)!.lines[0]!["clock"]).toMatchObject({ beacon: "b2" }); // that of the pull
  });

  it("pushes though it could not pull", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    server.before = ({ path }) => (path.endsWith("/pull") ? problem(503, "busy") : null);
    await syncer.now();
    expect([server.lines.size, await trouble()]).toEqual([1, "busy"]);
  });

  it("tries no more than the pull where the browser says that there is no network", async () => {
    await add(tablet.db, SITE, "disinfection_log", LOG);
    server.before = () => new TypeError("Failed to fetch");
    vi.stubGlobal("navigator", { connection, onLine: false });
    await syncer.now();
    expect([asked(), await trouble()]).toEqual([["pull"], "offline"]);
    vi.stubGlobal("navigator", { connection, onLine: true });
    await syncer.now();
    expect(asked()).toEqual(["pull", "pull", "push"]);
  });

  it("attests a site from the first exchange after it was assigned", async () => {
    server.pull = () => [{ checkpoint: SITE, cursor: "c1", count: 0, digest: "0000000000000000" }];
    await syncer.now();
    expect(server.seen.at(-1)!.lines[0]!["streams"]).toMatchObject({ [SITE]: { n: 0, hash: "", unsent: 0 } });
  });
});

describe("another tab", () => {
  const held = () => {
    let release = () => {};
    let isFree = new Promise<void>((resolve) => (release = resolve));
    const request = async (_: string, { ifAvailable }: LockOptions, work: (lock: object | null) => unknown) => {
      if (ifAvailable) return work(null);
      await isFree;
      return work({});
    };
    vi.stubGlobal("navigator", { connection, locks: { request } });
    return { release };
  };

  it("that exchanges is waited for by a person who asks", async () => {
    const { release } = held();
    const done = syncer.now();
    await vi.waitFor(async () => expect(await tablet.db.identity.count()).toBe(1));
    expect(asked()).toEqual([]);
    release();
    await done;
    expect(asked()).toEqual(["pull", "push"]);
  });

  it("that exchanges leaves this one silent for seconds, not for minutes", async () => {
    held();
    const soon = vi.spyOn(syncer, "soon");
    await syncer.now(false);
    expect(asked()).toEqual([]);
    expect(soon.mock.lastCall?.[0]).toBeLessThan(10_000);
  });
});

describe("waiting", () => {
  it("ends at once when there is reason to, though the clock on the wall ran on while the tablet slept", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    const now = vi.spyOn(syncer, "now").mockResolvedValue();
    syncer.soon(180_000);
    vi.setSystemTime(Date.now() + 3600_000);
    syncer.soon(0);
    vi.advanceTimersByTime(1);
    expect(now).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });

  it("is long while nobody looks, and short enough that the site is not silent", () => {
    expect(delayMs(0, null)).toBe(180_000);
    page.visibilityState = "hidden";
    expect(delayMs(0, null)).toBe(900_000);
  });

  it("is longer after each failure, never beyond the cap, and at least what the server asks for", () => {
    expect(delayMs(1, null, 1)).toBe(2_000);
    expect(delayMs(4, null, 1)).toBe(16_000);
    expect(delayMs(40, null, 1)).toBe(900_000);
    expect(delayMs(1, 30, 0)).toBe(30_000);
  });
});
