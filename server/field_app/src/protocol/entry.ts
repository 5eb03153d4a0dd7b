// Entries: what is written once and never changes again. The hash is over the line's bytes.

import { contracts } from "../contracts";
import { type Bytes, hex, sha256, utf8 } from "./bytes";

export type Body = Record<string, unknown>;
export type Act = "add" | "edit" | "amend" | "void";

export interface MediaPromise {
  sha256: string;
  bytes: number;
  type: string;
}

export interface Moment {
  wall: string;
  boot?: string;
  up_ms?: number;
  beacon?: string;
  observed?: string; // 补录: when the work was done, as its author says; only of an addition
}

/** An entry before it has a place in its stream. */
export interface Draft {
  id: string;
  scope: string;
  kind: string;
  record: string;
  act: Act;
  at: Moment;
  body: Body;
  base?: number;
  amends?: string;
  reason?: string;
  needs?: readonly string[];
  media?: readonly MediaPromise[];
  form?: number; // the version by which a body of a published form was written
}

/** What no server would read as a line: it must not take a number of the stream. */
export class UnwritableEntry extends Error {
  constructor(readonly code: "unreadable" | "line_too_long") {
    super(code);
  }
}

/** The line of a draft at its place: members in the protocol's order, no spaces, nothing that is absent or empty. */
export function entryLine(draft: Draft, n: number, prev: string): Bytes {
  const { id, scope, kind, record, act, at, body } = draft;
  const members: Record<string, unknown> = { id, scope, n, prev, kind, record, act, at, body };
  for (const name of ["base", "amends", "reason", "needs", "media", "form"] as const) {
    const value = draft[name];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) members[name] = value;
  }
  const text = JSON.stringify(members);
  // JSON.stringify escapes exactly what other readers would not take: half surrogates and the null character.
  if (/(^|[^\\])(\\\\)*\\u(d[89a-f]|0000)/i.test(text)) throw new UnwritableEntry("unreadable");
  const line = utf8(text);
  if (line.length > contracts.push.line_bytes) throw new UnwritableEntry("line_too_long");
  return line;
}

export async function entryHash(line: Bytes): Promise<string> {
  return hex(await sha256(line));
}
