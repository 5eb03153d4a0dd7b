import { beforeEach, describe, expect, it } from "vitest";
import { hex, sha256, utf8 } from "../protocol/bytes";
import { KEPT_MS } from "../store/outbox";
import { unsent } from "../store/unsent";
import { add } from "../store/write";
import { FakeServer, problem, SITE } from "../tests/fake_server";
import type { Exchange } from "./exchange";
import { sendPhotos } from "./media_upload";
import { push } from "./push";

const LOG = { place: "canteen", agent: "chlorine", operator: "王师傅" };
const CREATE = "/sync/v1/media";
let server: FakeServer;
let tablet: Exchange;

beforeEach(async () => {
  server = await FakeServer.make();
  tablet = await server.tablet();
});

const photo = (sha256: string, text = "x") => ({ sha256, bytes: text.length, type: "image/jpeg", blob: new Blob([text]) });
const rows = () => tablet.db.outbox.orderBy("seq").toArray();
const states = async () => {
  const photos = await tablet.db.photos.toArray();
  return Object.fromEntries(photos.map((one) => [one.sha256, one.state]));
};
const write = (...photos: ReturnType<typeof photo>[]) => add(tablet.db, SITE, "disinfection_log", LOG, photos);
/** The server has none of the photos, and answers like this to whoever begins to send one. */
const refuseAll = (answer: (sha256: string) => Response) => {
  let asked = "";
  server.before = ({ path }) => {
    if (path === CREATE) return answer(asked);
    if (!path.startsWith(CREATE)) return null;
    asked = path.split("/").at(-1)!;
    return problem(404, "not_found");
  };
};

describe("photos", () => {
  it("leave after their entry, and never those of a refused one", async () => {
    await write(photo("a"));
    await write(photo("b"));
    const [refused] = await rows();
    server.outcome = (line) => (line["id"] === refused!.id ? { outcome: "refused", code: "body_invalid" } : null);
    expect(await sendPhotos(tablet)).toBe(null);
    expect(server.seen).toEqual([]);
    await push(tablet);
    await sendPhotos(tablet);
    expect(await states()).toEqual({ a: "waiting", b: "sent" });
  });

  it("let a new entry go first", async () => {
    for (const name of ["a", "b"]) await write(photo(name));
    await push(tablet);
    server.before = async ({ path }) => {
      if (path.endsWith("/a")) await write();
      return null;
    };
    expect(await sendPhotos(tablet)).toBe(null);
    expect(await states()).toEqual({ a: "sent", b: "waiting" });
  });

  it("are unsent until they are sent, unless their entry was refused", async () => {
    await write(photo("a"));
    expect(await unsent(tablet.db)).toEqual({ entries: 1, photos: 1 });
    await push(tablet);
    expect(await unsent(tablet.db)).toEqual({ entries: 0, photos: 1 });
    await tablet.db.outbox.toCollection().modify({ outcome: "refused" });
    expect(await unsent(tablet.db)).toEqual({ entries: 0, photos: 0 });
  });

  it("may prove two entries, and are kept for both", async () => {
    await write(photo("a"));
    await write(photo("a"));
    expect(await tablet.db.photos.count()).toBe(2);
    await push(tablet);
    expect(await sendPhotos(tablet)).toBe(null);
    expect((await tablet.db.photos.toArray()).map((one) => one.state)).toEqual(["sent", "sent"]);
  });

  it("are sent when the server says that they are here", async () => {
    await write(photo("a"));
    await push(tablet);
    refuseAll(() => problem(409, "media_here"));
    expect(await sendPhotos(tablet)).toBe(null);
    expect(await states()).toEqual({ a: "sent" });
  });

  it("do not hold up those behind them", async () => {
    for (const name of ["a", "b", "c"]) await write(photo(name));
    await push(tablet);
    refuseAll((asked) => (asked === "a" ? problem(500, "broken") : problem(409, "media_here")));
    expect(await sendPhotos(tablet)).toMatchObject({ code: "broken" });
    expect(await states()).toEqual({ a: "waiting", b: "sent", c: "sent" });
  });

  it("stop when the whole server is ill", async () => {
    for (const name of ["a", "b"]) await write(photo(name));
    await push(tablet);
    const before = server.seen.length;
    refuseAll(() => problem(503, "busy"));
    expect(await sendPhotos(tablet)).toMatchObject({ code: "busy" });
    expect(server.seen.length - before).toBe(2); // asked and tried once
  });

  it("begin again where something was lost on the way, and are refused only when they are not what was promised", async () => {
    const good = hex(await sha256(utf8("good")));
    await write(photo(good, "good"), photo("b", "not b"));
    await push(tablet);
    await tablet.db.photos.toCollection().modify({ url: "/sync/v1/media/before" });
    server.before = ({ path }) => (path.includes("sha256") ? problem(404, "not_found") : problem(422, "media_mismatch"));
    expect(await sendPhotos(tablet)).toMatchObject({ code: "media_mismatch" });
    expect(await states()).toEqual({ [good]: "waiting", b: "refused" });
    expect((await tablet.db.photos.toArray()).map((one) => one.url)).toEqual(["", ""]);
  });

  it("wait for their entry to come back to a server that lost it, but not for ever", async () => {
    await write(photo("a"));
    await push(tablet);
    refuseAll(() => problem(422, "media_not_promised"));
    expect(await sendPhotos(tablet)).toBe(null);
    expect(await states()).toEqual({ a: "waiting" });
    const [row] = await rows();
    await tablet.db.outbox.update(row!.seq!, { settledMs: row!.settledMs! - KEPT_MS - 1_000 });
    await sendPhotos(tablet);
    expect(await states()).toEqual({ a: "refused" });
  });
});
