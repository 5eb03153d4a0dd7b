// One signed request and its answer: headers, signature, the server's time, and problems as values.

import { contracts } from "../contracts";
import type { Bytes } from "../protocol/bytes";
import { nonce } from "../protocol/ids";
import { signRequest } from "../protocol/signatures";
import { parseMs } from "../protocol/time";
import { type FieldDatabase, FieldError, type Identity } from "../store/database";

const TIMEOUT_MS = 30_000;
const RETRY_AFTER_MAX_S = 86_400; // a server that asks for more than a day has a bug, and the tablet must not fall silent

/** Why an exchange stopped: a problem code of the server's, or `offline`, `no_answer`, `bad_answer`, `receipt_invalid`.
 * `status` is the HTTP status, 0 without an answer. */
export interface Trouble {
  code: string;
  status: number;
  retryAfterS: number | null;
  members: Record<string, unknown>;
}

export class ExchangeFailed extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.code);
  }
}

export function troubleOf(code: string): Trouble {
  return { code, status: 0, retryAfterS: null, members: {} };
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** What went over the network since an exchange began: bytes sent, bytes that came, and records in them. */
export interface Moved {
  up: number;
  down: number;
  records: number;
}

export class Exchange {
  moved: Moved = { up: 0, down: 0, records: 0 };

  constructor(
    readonly db: FieldDatabase,
    private readonly fetch: Fetch = (path, init) => globalThis.fetch(path, init),
  ) {}

  /** Throws FieldError `not_enrolled`. */
  async identity(): Promise<Identity> {
    const identity = await this.db.identity.get("one");
    if (!identity?.device) throw new FieldError("not_enrolled");
    return identity;
  }

  /** Server time as this tablet knows it: its wall clock, corrected by what the last answer said. */
  async nowMs(): Promise<number> {
    return Date.now() + (await this.db.numberNote("server_offset_ms"));
  }

  /** Sign and send; the answer is 2xx. Throws ExchangeFailed for everything else, also when nobody answers.
   *
   * A `clock_skew` is answered once, with the server's time: the body is made again too, because it has the tablet's
   * clock at the moment of sending. `withinMs`: the try is abandoned so long after making its body began.
   */
  async post(
    path: string,
    makeBody: () => Promise<Bytes>,
    headers: Record<string, string>,
    withinMs = TIMEOUT_MS,
  ): Promise<Response> {
    let answer = await this.sendSigned(path, makeBody, headers, withinMs);
    let trouble = await troubleIn(answer);
    if (trouble?.code === "clock_skew" && (await this.noteTime(trouble.members["server_time"]))) {
      answer = await this.sendSigned(path, makeBody, headers, withinMs);
      trouble = await troubleIn(answer);
    }
    if (trouble) throw new ExchangeFailed(trouble);
    return answer;
  }

  /** JSON to JSON, for enrolment: the device has no token yet. Throws ExchangeFailed. */
  async postUnsigned(path: string, document: unknown): Promise<Record<string, unknown>> {
    const answer = await this.send("POST", path, JSON.stringify(document), { "Content-Type": "application/json" });
    const trouble = await troubleIn(answer);
    if (trouble) throw new ExchangeFailed(trouble);
    return readObject(await textOf(answer));
  }

  /** Remember what time it was, and how far the wall clock is off. False when the text is no instant. */
  async noteTime(serverTime: unknown): Promise<boolean> {
    const serverMs = parseMs(serverTime);
    if (serverMs === null) return false;
    await this.db.notes.bulkPut([
      { name: "server_offset_ms", value: serverMs - Date.now() },
      { name: "heard_ms", value: serverMs },
    ]);
    return true;
  }

  /** A signed request without a body, whatever the answer. Throws ExchangeFailed when nobody answers. */
  async ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.send(method, path, null, { ...headers, ...(await this.signature(method, path, new Uint8Array())) });
  }

  /** A request that the token alone admits, whatever the answer. Throws ExchangeFailed when nobody answers. */
  async carry(method: string, path: string, headers: Record<string, string>, body: Blob | null): Promise<Response> {
    const { token } = await this.identity();
    return this.send(method, path, body, { ...headers, Authorization: `Bearer ${token}` });
  }

  private async sendSigned(
    path: string,
    makeBody: () => Promise<Bytes>,
    headers: Record<string, string>,
    withinMs: number,
  ): Promise<Response> {
    const beganMs = performance.now();
    const body = await makeBody();
    const signed = { ...headers, ...(await this.signature("POST", path, body)) };
    return this.send("POST", path, body, signed, withinMs - (performance.now() - beganMs));
  }

  private async signature(method: string, path: string, body: Bytes): Promise<Record<string, string>> {
    const identity = await this.identity();
    return signRequest(identity.keys.privateKey, {
      method,
      path,
      body,
      authorization: `Bearer ${identity.token}`,
      device: identity.device,
      createdS: Math.floor((await this.nowMs()) / 1000),
      nonce: nonce(),
    });
  }

  private async send(
    method: string,
    path: string,
    body: string | Bytes | Blob | null,
    headers: Record<string, string>,
    leftMs = TIMEOUT_MS,
  ): Promise<Response> {
    const signal = AbortSignal.timeout(Math.max(0, Math.floor(leftMs)));
    this.moved.up += body === null ? 0 : typeof body === "string" ? body.length : body instanceof Blob ? body.size : body.length;
    try {
      return await this.fetch(path, { method, body, headers, signal, credentials: "omit", cache: "no-store" });
    } catch (error) {
      throw new ExchangeFailed(troubleOf(isAbandoned(error) ? "no_answer" : "offline"));
    }
  }
}

/** The whole text of an answer. Throws ExchangeFailed when it breaks off. */
export async function textOf(answer: Response): Promise<string> {
  try {
    return await answer.text();
  } catch (error) {
    throw new ExchangeFailed(troubleOf(isAbandoned(error) ? "no_answer" : "offline"));
  }
}

/** Whether a request failed because its time was up. */
function isAbandoned(error: unknown): boolean {
  return error instanceof DOMException && ["TimeoutError", "AbortError"].includes(error.name);
}

/** A JSON object. Throws ExchangeFailed `bad_answer` for anything else. */
export function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // thrown below
  }
  throw new ExchangeFailed(troubleOf("bad_answer"));
}

/** What an answer that is not 2xx says, whether or not it is a problem document. */
export async function troubleIn(answer: Response): Promise<Trouble | null> {
  if (answer.ok) return null;
  let members: Record<string, unknown> = {};
  try {
    members = readObject(await textOf(answer));
  } catch {
    // no problem document: the status alone says it
  }
  const code = members["code"];
  return {
    code: typeof code === "string" ? code : `http_${answer.status}`,
    status: answer.status,
    retryAfterS: retryAfterS(answer.headers.get("Retry-After")),
    members,
  };
}

/** Seconds named by a `Retry-After` header: seconds, or a date. */
function retryAfterS(value: string | null): number | null {
  if (value === null) return null;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.min(Math.max(seconds, 0), RETRY_AFTER_MAX_S);
}

export const SYNC = contracts.sync;
export const SCHEMA = contracts.schema;
