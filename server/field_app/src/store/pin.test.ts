import { beforeEach, describe, expect, it, vi } from "vitest";
import { utf8 } from "../protocol/bytes";
import { uuid7 } from "../protocol/ids";
import { FakeServer, SITE } from "../tests/fake_server";
import type { Exchange } from "../sync/exchange";
import { pull } from "../sync/pull";
import { push } from "../sync/push";
import { syncOnce } from "../sync/syncer";
import type { Photo } from "../domain/photos";
import { FieldDatabase, newScope } from "./database";
import { draftName } from "./draft_names";
import { draft, keepDraft } from "./drafts";
import { unsentFile } from "./export";
import { handed, handOver } from "./handover";
import { enterPin, findPin, renewPin, setPin, VAULT, waitMs } from "./pin";
import { sealRest } from "./seal_rest";
import { unsent } from "./unsent";
import { listed, namesOf, photosOf } from "./view";
import { add } from "./write";

const PIN = "258014";
const DRAFT = draftName(SITE, "log disinfection_log");
const WORKER = "019ab000-0000-7000-8000-000000000001";
const put = { put: "worker", scope: SITE, id: WORKER, rev: 1, seq: 1, body: { name: "张三", phone: "139****0000" } };

let server: FakeServer;
let exchange: Exchange;
let code: string;
const keepCode = async (given: string) => void (code = given);
const noCode = async () => undefined;

/** Started again: another object for the same database, without the key. */
async function openedAgain(db: FieldDatabase): Promise<FieldDatabase> {
  const again = new FieldDatabase(db.name);
  await findPin(again);
  return again;
}

/** Everything that lies in the database, as text. */
async function copyOf(db: FieldDatabase): Promise<string> {
  const rows = (await Promise.all(db.tables.map((table) => table.toArray()))).flat();
  const texts = rows.map((row) => JSON.stringify(row, (_, one) => (one instanceof Uint8Array ? new TextDecoder("latin1").decode(one) + new TextDecoder().decode(one) : one)));
  const blobs = await Promise.all((await db.photos.toArray()).map(({ blob }) => blob.text()));
  return [...texts, ...blobs].join("\n");
}

function photo(text: string): Photo {
  const bytes = utf8(text);
  return { sha256: "ab".repeat(32), type: "image/jpeg", bytes: bytes.length, blob: new Blob([bytes], { type: "image/jpeg" }) };
}

beforeEach(async () => {
  server = await FakeServer.make();
  exchange = await server.tablet();
  const { db } = exchange;
  await db.scopes.put(newScope(SITE));
  server.pull = () => [put, { checkpoint: SITE, cursor: "1" }];
  await pull(exchange, async () => undefined);
  await add(db, SITE, "temperature_check", { worker: WORKER, celsius: 36.7, note: "门岗测" }, [photo("脸的照片")]);
  await keepDraft(db, DRAFT, { id: uuid7(Date.now()), value: { body: { operator: "王师傅" }, photos: [photo("没写完的照片")] } });
});

describe("a PIN", () => {
  it("seals what is there, in place, and nothing is lost by it", async () => {
    const { db } = exchange;
    const before = await copyOf(db);
    for (const text of ["张三", "36.7", "门岗测", "王师傅", "脸的照片"]) expect(before).toContain(text);
    await setPin(db, PIN, "李四", keepCode);
    const after = await copyOf(db);
    for (const text of ["张三", "139****0000", "36.7", "门岗测", "王师傅", "脸的照片", "没写完的照片"]) expect(after).not.toContain(text);
    const again = await openedAgain(db);
    await enterPin(again, PIN, noCode);
    expect((await namesOf(again, [WORKER])).get(WORKER)).toBe("张三");
    expect((await listed(again, "temperature_check", SITE)).map(({ body }) => body["celsius"])).toEqual([36.7]);
    const left = await draft<{ value: { body: object; photos: Photo[] } }>(again, DRAFT);
    expect(left!.value.body).toEqual({ operator: "王师傅" });
    expect(await left!.value.photos[0]!.blob.text()).toBe("没写完的照片");
    const [entry] = await again.outbox.toArray();
    expect(await (await photosOf(again, [entry!.id]))[0]!.blob.text()).toBe("脸的照片");
  });

  it("goes on sealing where a kill broke it off", async () => {
    const { db } = exchange;
    await setPin(db, PIN, "李四", keepCode);
    const again = await openedAgain(db);
    await enterPin(again, PIN, noCode);
    const { sealed: _, ...row } = (await again.records.get([SITE, WORKER, "worker"]))!;
    await again.records.put({ ...row, body: put.body }); // as if it had not come so far
    await again.setNote("unsealed", 1);
    await sealRest(again);
    expect(await copyOf(again)).not.toContain("张三");
    expect((await namesOf(again, [WORKER])).get(WORKER)).toBe("张三");
  });

  it("leaves the bytes of an entry as they were: the server gets the same line", async () => {
    const { db } = exchange;
    const [before] = await db.outbox.toArray();
    await setPin(db, PIN, "李四", keepCode);
    await push(exchange);
    expect(server.lines.get(before!.id)!["#line"]).toBe(new TextDecoder().decode(before!.line));
    await add(db, SITE, "temperature_check", { worker: WORKER, celsius: 36.9 });
    expect(await copyOf(db)).not.toContain("36.9");
    await push(exchange);
    expect([...server.lines.values()].map((line) => line["body"].celsius)).toEqual([36.7, 36.9]);
  });

  it("is not set before the server has the code that replaces it", async () => {
    const { db } = exchange;
    await expect(setPin(db, PIN, "李四", () => Promise.reject(new Error("offline")))).rejects.toThrow();
    expect(db.hasPin).toBe(false);
    expect(await copyOf(db)).toContain("张三");
  });

  it.each(["12345", "111111", "123456", "654321", "abcdef"])("is not %s", async (pin) => {
    await expect(setPin(exchange.db, pin, "李四", keepCode)).rejects.toThrow(/pin_too/);
  });

  it("does not open with another one, and each further try waits longer; nothing is deleted", async () => {
    await setPin(exchange.db, PIN, "李四", keepCode);
    const db = await openedAgain(exchange.db);
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let i = 0; i < 5; i++) await expect(enterPin(db, "000001", noCode)).rejects.toThrow("pin_wrong");
    const first = await waitMs(db);
    expect(first).toBeGreaterThan(0);
    await expect(enterPin(db, PIN, noCode)).rejects.toThrow("pin_wait");
    vi.setSystemTime(Date.now() + first);
    await expect(enterPin(db, "000001", noCode)).rejects.toThrow("pin_wrong");
    expect(await waitMs(db)).toBe(2 * first);
    vi.setSystemTime(Date.now() + 2 * first);
    await enterPin(db, PIN, noCode);
    expect(await waitMs(db)).toBe(0);
    expect((await unsent(db)).entries).toBe(1);
    vi.useRealTimers();
  });

  it("alone opens nothing: the key of another browser gives another result", async () => {
    await setPin(exchange.db, PIN, "李四", keepCode);
    const db = await openedAgain(exchange.db);
    const own = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const vault = (await db.notes.get(VAULT))!.value as { own: CryptoKey };
    expect(vault.own.extractable).toBe(false);
    await db.notes.put({ name: VAULT, value: { ...vault, own } });
    await expect(enterPin(db, PIN, noCode)).rejects.toThrow("pin_wrong");
  });

  it("that was forgotten is replaced by the code, and everything is still there", async () => {
    await setPin(exchange.db, PIN, "李四", keepCode);
    const db = await openedAgain(exchange.db);
    await expect(renewPin(db, "0".repeat(24), "741025")).rejects.toThrow("code_wrong");
    await renewPin(db, code.toLowerCase().replace(/(.{4})/g, "$1-"), "741025");
    expect((await namesOf(db, [WORKER])).get(WORKER)).toBe("张三");
    const later = await openedAgain(db);
    await expect(enterPin(later, PIN, noCode)).rejects.toThrow("pin_wrong");
    await enterPin(later, "741025", noCode);
    expect((await unsent(later)).entries).toBe(1);
  });

  it("leaves a new code after the tablet was enrolled again", async () => {
    await setPin(exchange.db, PIN, "李四", keepCode);
    const first = code;
    await exchange.db.identity.update("one", { device: "01980a00-0000-7000-8000-00000000d002" });
    await enterPin(await openedAgain(exchange.db), PIN, keepCode);
    expect(code).not.toBe(first);
    await renewPin(await openedAgain(exchange.db), code, "741025");
  });

  it("lets the export carry what is readable", async () => {
    await setPin(exchange.db, PIN, "李四", keepCode);
    const text = await (await unsentFile(exchange.db)).text();
    for (const one of ["36.7", "王师傅", "脸的照片", "没写完的照片"]) expect(text).toContain(one);
  });
});

describe("a locked tablet", () => {
  beforeEach(() => setPin(exchange.db, PIN, "李四", keepCode));

  it("says what it holds, sends no line, keeps nothing that comes, and is not taken for lost", async () => {
    exchange = server.exchange(await openedAgain(exchange.db));
    expect(await syncOnce(exchange)).toBeNull();
    const { lines } = server.seen.at(-1)!;
    expect(lines).toHaveLength(1); // the header
    expect(lines[0]!["streams"][SITE]["unsent"]).toBe(1);
    expect(server.lines.size).toBe(0);
    await enterPin(exchange.db, PIN, noCode);
    await syncOnce(exchange, false);
    expect(server.lines.size).toBe(1);
  });

  it("writes nothing in the open", async () => {
    const db = await openedAgain(exchange.db);
    await expect(add(db, SITE, "temperature_check", { worker: WORKER, celsius: 36.1 })).rejects.toThrow("locked");
    await expect(keepDraft(db, DRAFT, { id: "1", value: {} })).rejects.toThrow("locked");
  });

  it("that was revoked forgets what it pulled, and its keys once nothing waits", async () => {
    const db = await openedAgain(exchange.db);
    exchange = server.exchange(db);
    server.before = (seen) => (seen.path.endsWith("/pull") ? Response.json({ code: "device_revoked" }, { status: 401 }) : null);
    await syncOnce(exchange);
    expect(await db.records.count()).toBe(0);
    expect(db.hasPin).toBe(true); // the entry waits: it is sent when somebody types the PIN
    expect((await unsent(db)).entries).toBe(1);
    await enterPin(db, PIN, noCode);
    await syncOnce(exchange);
    expect(server.lines.size).toBe(1);
    expect((await unsent(db)).entries).toBe(0);
    expect(await db.notes.get(VAULT)).toBeUndefined();
    expect(db.hasPin).toBe(false);
  });
});

describe("a handover", () => {
  it("passes what is begun on, by name, and leaves what is written with whoever wrote it", async () => {
    const { db } = exchange;
    await setPin(db, PIN, "李四", keepCode);
    const next = (await server.tablet()).db;
    await next.scopes.put(newScope(SITE));
    await setPin(next, "741025", "王五", keepCode);
    expect(await handOver(db, next, ["待复测: 张三"], Date.now())).toBe(0);
    expect(await draft(db, DRAFT)).toBeNull();
    const left = await draft<{ value: { photos: Photo[] } }>(next, DRAFT);
    expect(await left!.value.photos[0]!.blob.text()).toBe("没写完的照片");
    expect(await handed(next)).toMatchObject({ from: "李四", lines: ["待复测: 张三"] });
    expect(await copyOf(next)).not.toContain("张三");
    expect((await unsent(next)).entries).toBe(0);
    expect((await unsent(db)).entries).toBe(1);
  });

  it("leaves a form with its owner while the next person has no such site", async () => {
    const { db } = exchange;
    await setPin(db, PIN, "李四", keepCode);
    const next = (await server.tablet()).db;
    expect(await handOver(db, next, [], Date.now())).toBe(1);
    expect(await draft(db, DRAFT)).not.toBeNull();
  });
});
