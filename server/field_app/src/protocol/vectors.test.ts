// The cases that every client and server run, from the protocol's own folder.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contracts } from "../contracts";
import { fromBase64url, hex, utf8 } from "./bytes";
import { digestText, recordDigest } from "./digest";
import { entryHash, entryLine, UnwritableEntry, type Draft } from "./entry";
import { attestationText, receiptText, signatureBase, signRequest, signText, verifyText } from "./signatures";
import { uuid7 } from "./ids";
import { estimate, floorOf, pushTime, settle, tiesAround, UNKNOWN_MS } from "./intervals";
import { declaredThrough, kindWatermark } from "./watermark";
import { inForce } from "../domain/dated";
import type { Body } from "./entry";
import { hits, type Trip } from "../domain/travel";
import { placesMeant } from "../domain/places";
import type { Item } from "../store/view";
import { parseMs, wallText } from "./time";

type RecordPart = { kind: string; id: string; rev: number; digest: string };
type Attested = { device: string; scope: string; n: number; hash: string; text: string; sig: string };

const vectors = (name: string) => JSON.parse(readFileSync(`../../sync_protocol/vectors/${name}.json`, "utf8"));

async function privateKey(raw: string): Promise<CryptoKey> {
  const prefix = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]); // PKCS 8
  const key = new Uint8Array([...prefix, ...fromBase64url(raw)]);
  return crypto.subtle.importKey("pkcs8", key, "Ed25519", false, ["sign"]);
}

describe("entries", () => {
  const { chain } = vectors("entries");

  it.each(chain as { n: number; line: string }[])("writes entry $n of the chain byte for byte", async ({ line }) => {
    const { n, prev, ...draft } = JSON.parse(line);
    expect(new TextDecoder().decode(entryLine(draft as Draft, n, prev))).toBe(line);
  });

  it("hashes and chains", async () => {
    let prev = "";
    for (const entry of chain) {
      expect(entry.prev).toBe(prev);
      prev = await entryHash(utf8(entry.line));
      expect(prev).toBe(entry.hash);
    }
  });

  it("writes nothing that a server could not read", () => {
    const draft = JSON.parse(chain[0].line) as Draft;
    const named = (name: string) => () => entryLine({ ...draft, body: { name } }, 1, "");
    expect(named("half \ud800 of a pair")).toThrow(UnwritableEntry);
    expect(named("null \u0000")).toThrow(UnwritableEntry);
    expect(named("x".repeat(65_536))).toThrow(UnwritableEntry);
    expect(named("\\ud800 typed with a backslash, 𠮷 and \\u0000")).not.toThrow();
  });
});

describe("digests", () => {
  const { records, sums } = vectors("digests");

  it.each(records as RecordPart[])("$kind $id", async ({ kind, id, rev, digest }) => {
    expect(digestText(await recordDigest(kind, id, rev))).toBe(digest);
  });

  it.each(sums as { records: RecordPart[]; digest: string }[])("$name", async (sum) => {
    const parts = await Promise.all(sum.records.map((record) => recordDigest(record.kind, record.id, record.rev)));
    expect(digestText(parts.reduce((total, part) => total + part, 0n))).toBe(sum.digest);
  });

  it("takes a sum that went below zero", () => expect(digestText(-1n)).toBe("ffffffffffffffff"));
});

describe("signatures", () => {
  const said = vectors("signatures");

  it.each(said.attestations as Attested[])("attests $scope", async (one) => {
    const text = attestationText(one.device, one.scope, one.n, one.hash);
    expect(text).toBe(one.text);
    expect(await signText(await privateKey(said.device_private_key), text)).toBe(one.sig);
    expect(await verifyText(said.device_public_key, text, one.sig)).toBe(true);
    expect(await verifyText(said.server_public_key, text, one.sig)).toBe(false);
  });

  it("reads a receipt", async () => {
    const { device, at, streams, text, sig } = said.receipt;
    const named = Object.fromEntries(
      Object.entries(streams as Record<string, [number, string]>).map(([scope, [n, hash]]) => [scope, { n, hash }]),
    );
    expect(receiptText(device, at, named)).toBe(text);
    expect(await verifyText(said.server_public_key, text, sig)).toBe(true);
    expect(await verifyText(said.server_public_key, text, "not base64url!")).toBe(false);
  });

  it("signs a request", async () => {
    const { method, url, body, created_s, nonce, keyid, headers, signature_base } = said.request;
    const request = {
      method,
      path: new URL(url).pathname,
      body: utf8(body),
      authorization: headers.Authorization,
      device: keyid,
      createdS: created_s,
      nonce,
    };
    expect(await signRequest(await privateKey(said.device_private_key), request)).toEqual(headers);
    const parameters = headers["Signature-Input"].replace("sig1=", "");
    expect(signatureBase(request, headers["Content-Digest"], parameters)).toBe(signature_base);
  });
});

interface PlaceCase {
  name: string;
  places: { id: string; kind: string; names: [string, number][]; from: number; to: number | null }[];
  body: { place: string; place_name?: string };
  earliest: number;
  latest: number;
  means: string[];
}

describe("places that an entry means", () => {
  it.each(vectors("places").cases as PlaceCase[])("$name", ({ places, body, earliest, latest, means }) => {
    const known = places.map(({ from, to, ...place }) => ({ ...place, fromMs: from, toMs: to }));
    expect(placesMeant(known, body.place, body.place_name ?? null, earliest, latest)).toEqual(means);
  });
});

type Push = { arrival_ms: number; t_ms: number; wall_ms: number; boot: string | null; up_ms: number | null; known: number };
type EntryOf = Omit<Push, "arrival_ms" | "t_ms" | "known"> & { n: number; beacon_ms: number | null; brought_by: number | null; received_ms: number; follows: boolean };
type Timed = { name: string; pushes: Push[]; entries: EntryOf[]; intervals: object[] };

describe("times", () => {
  it.each(vectors("push_times").cases as { name: string; arrival_ms: number; beacon_ms: number | null; t_ms: number }[])("$name", (given) => {
    expect(pushTime(given.arrival_ms, given.beacon_ms)).toBe(given.t_ms);
  });

  it.each(vectors("intervals").cases as Timed[])("$name", ({ pushes, entries, intervals }) => {
    const ties = pushes.map((one) => ({ tMs: one.t_ms, arrivalMs: one.arrival_ms, wallMs: one.wall_ms, boot: one.boot, upMs: one.up_ms }));
    const floors = pushes.map((one) => ({ known: one.known, tMs: one.t_ms, arrivalMs: one.arrival_ms }));
    const written = entries.map((one) => {
      const floor = floorOf(floors, one.n);
      const floorMs = floor?.tMs ?? UNKNOWN_MS;
      const by = one.brought_by;
      const around = by === null ? [] : tiesAround(ties.slice(0, by + 1), one.beacon_ms, floor);
      const last = by === null ? (ties.at(-1) ?? null) : null;
      const [grade, span] = estimate({ wallMs: one.wall_ms, boot: one.boot, upMs: one.up_ms }, ties, around, last);
      const notAfterMs = by === null ? one.received_ms : ties[by]!.arrivalMs;
      return { follows: one.follows, grade, estimate: span, notBeforeMs: Math.max(one.beacon_ms ?? UNKNOWN_MS, floorMs), notAfterMs, floorMs };
    });
    const found = settle(written).map((one) => ({ earliest_ms: one.earliestMs, latest_ms: one.latestMs, grade: one.grade, doubt: one.doubt }));
    expect(found).toEqual(intervals);
  });
});

describe("watermarks", () => {
  type StreamCase = { name: string; stream: any; pending: [number, string, number][]; hashes: Record<number, string>; previous: number | null; through: number | null; waiting: unknown };
  type KindCase = { name: string; reporters: { kinds: string[] | null; through_ms: number | null }[]; kind: string; now_ms: number; only_server: boolean; through: number | null };
  const { streams, kinds } = vectors("watermarks");

  it.each(streams as StreamCase[])("$name", ({ stream, pending, hashes, previous, through, waiting }) => {
    const declared = pending.map(([n, hash, tMs]) => ({ n, hash, tMs }));
    const found = declaredThrough(stream, declared, (n) => hashes[n], previous);
    expect(found.completeMs).toBe(through);
    expect(found.waiting.map(({ n, hash, tMs }) => [n, hash, tMs])).toEqual(waiting);
  });

  it.each(kinds as KindCase[])("$name", ({ reporters, kind, now_ms, only_server, through }) => {
    const known = reporters.map((one) => ({ kinds: one.kinds, throughMs: one.through_ms }));
    expect(kindWatermark(known, kind, now_ms, only_server)).toBe(through);
  });
});

describe("names", () => {
  it("has a Chinese title for every code, and every outcome", () => {
    const { final, codes } = vectors("outcomes");
    expect(contracts.outcomes).toEqual({ final });
    for (const [, code, where] of codes) {
      expect(contracts.codes[where as "entry" | "envelope"][code]?.[0], code).toMatch(/\p{Script=Han}/u);
    }
  });

  it("makes UUIDs of version 7", () => {
    const id = uuid7(1_795_406_400_000);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(1_795_406_400_000);
    expect(hex(Uint8Array.of(0, 255))).toBe("00ff");
  });

  it("reads times as the headers' vectors do", () => {
    for (const header of vectors("headers").good) {
      const clock = JSON.parse(header.line).clock;
      expect(parseMs(clock.wall)).toBe(header.wall_ms);
    }
    expect(wallText(1_795_406_400_000)).toBe("2026-11-23T12:00:00.000+08:00");
    expect(parseMs("2026-11-23T12:00:00")).toBe(null);
  });
});

describe("stays in areas at risk", () => {
  type Case = { name: string; look_back_d: number; areas: Body[]; trip: Trip; hits: string[] };
  it.each(vectors("travel").cases as Case[])("$name", ({ areas, trip, look_back_d, hits: expected }) => {
    expect(hits(areas, trip, () => look_back_d).map((area) => area["code"])).toEqual(expected);
  });
});

describe("reference data", () => {
  type Case = { name: string; bodies: object[]; code: string; day: string; value: unknown };
  it.each(vectors("reference").cases as Case[])("$name", ({ bodies, code, day, value }) => {
    const items = bodies.map((body) => ({ body }) as unknown as Item);
    expect(inForce(items, code, day)?.body["value"] ?? null).toBe(value);
  });
});
