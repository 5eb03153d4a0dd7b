// As much of a server as the tests of push and pull need: it keeps lines, signs receipts, and fails on demand.

import { base64url, sha256, hex, utf8 } from "../protocol/bytes";
import { receiptText, signText } from "../protocol/signatures";
import { FieldDatabase } from "../store/database";
import { Exchange } from "../sync/exchange";

export const SITE = "site:01971c5e-8a00-7000-8000-0000000000a1";
export const DEVICE = "01980a00-0000-7000-8000-00000000d001";
const NOW = "2026-11-23T12:00:00.000+08:00";

export interface Seen {
  path: string;
  headers: Record<string, string>;
  lines: Record<string, any>[];
}

type Answer = Response | Error | null; // null: go on as a good server

export class FakeServer {
  readonly lines = new Map<string, Record<string, any>>();
  readonly seen: Seen[] = [];
  device = DEVICE; // whose pushes it answers
  before: (seen: Seen) => Answer | Promise<Answer> = () => null;
  after: (seen: Seen, answer: Response) => Answer = () => null; // the request took effect, and the answer …
  pull: (asked: Record<string, string>) => object[] = () => [];
  outcome: (line: Record<string, any>) => object | null = () => null;

  private constructor(private readonly keys: CryptoKeyPair) {}

  static async make(): Promise<FakeServer> {
    return new FakeServer((await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair);
  }

  async publicKey(): Promise<string> {
    return base64url(new Uint8Array(await crypto.subtle.exportKey("raw", this.keys.publicKey)));
  }

  /** An enrolled tablet of this server's, with an empty database and one site. */
  async tablet(): Promise<Exchange> {
    const db = new FieldDatabase(`test ${crypto.randomUUID()}`);
    const keys = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const given = { device: DEVICE, token: "token", user: "user", serverKey: await this.publicKey() };
    await db.identity.put({ one: "one", state: "enrolled", keys, name: "test", ...given });
    return this.exchange(db);
  }

  exchange(db: FieldDatabase): Exchange {
    return new Exchange(db, (path, init) => this.fetch(path, init));
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    const seen = { path, headers: init.headers as Record<string, string>, lines: await readLines(init) };
    this.seen.push(seen);
    const early = await this.before(seen);
    if (early instanceof Error) throw early;
    if (early) return early;
    if (init.method === "GET") return new Response(); // it has every photo already
    const answer = path.endsWith("/push") ? await this.push(seen) : this.answerPull(seen);
    const late = this.after(seen, answer);
    if (late instanceof Error) throw late;
    return late ?? answer;
  }

  private async push({ lines: [header, ...entries] }: Seen): Promise<Response> {
    const outcomes = [];
    const streams: Record<string, { n: number; hash: string; missing: number[] }> = {};
    for (const line of entries) {
      const known = this.lines.get(line["id"]);
      this.lines.set(line["id"], line);
      const first = this.outcome(line) ?? { outcome: "applied", rev: 1, seq: this.lines.size };
      outcomes.push({ id: line["id"], ...(known ? { ...first, outcome: "duplicate", first: "applied" } : first) });
    }
    for (const scope of Object.keys(header?.["streams"] ?? {})) {
      const own = [...this.lines.values()].filter((line) => line["scope"] === scope).sort((a, b) => a["n"] - b["n"]);
      const last = own.at(-1);
      const there = new Set(own.map((line) => line["n"]));
      const missing = Array.from({ length: last?.["n"] ?? 0 }, (_, i) => i + 1).filter((n) => !there.has(n));
      streams[scope] = { n: last?.["n"] ?? 0, hash: last ? hex(await sha256(utf8(last["#line"]))) : "", missing };
    }
    const text = receiptText(this.device, NOW, streams);
    const receipt = { at: NOW, sig: await signText(this.keys.privateKey, text) };
    return Response.json({ outcomes, streams, receipt, beacon: "b1", server_time: new Date().toISOString() });
  }

  private answerPull({ lines: [asked] }: Seen): Response {
    return ndjson([...this.pull(asked!["scopes"]), { end: true, more: false, beacon: "b2", server_time: new Date().toISOString() }]);
  }
}

export function ndjson(lines: object[]): Response {
  return new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

export function problem(status: number, code: string, members: object = {}): Response {
  return Response.json({ code, ...members }, { status });
}

async function readLines(init: RequestInit): Promise<Record<string, any>[]> {
  const isZipped = (init.headers as Record<string, string>)["Content-Encoding"] === "gzip";
  const body = new Response(init.body);
  const plain = isZipped ? new Response(body.body!.pipeThrough(new DecompressionStream("gzip"))) : body;
  const lines = (await plain.text()).split("\n").filter(Boolean);
  return lines.map((line) => ({ ...JSON.parse(line), "#line": line }));
}
