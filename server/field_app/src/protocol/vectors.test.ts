// The cases that every client and server run, from the protocol's own folder.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contracts } from "../contracts";
import { fromBase64url, hex, utf8 } from "./bytes";
import { digestText, recordDigest } from "./digest";
import { entryHash, entryLine, UnwritableEntry, type Draft } from "./entry";
import { attestationText, receiptText, signatureBase, signRequest, signText, verifyText } from "./signatures";
import { uuid7 } from "./ids";
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

  it("tells times as the headers' vectors do", () => {
    for (const header of vectors("headers").good) {
      const clock = JSON.parse(header.line).clock;
      expect(parseMs(clock.wall)).toBe(header.wall_ms);
    }
    expect(wallText(1_795_406_400_000)).toBe("2026-11-23T12:00:00.000+08:00");
    expect(parseMs("2026-11-23T12:00:00")).toBe(null);
  });
});
