// The tablet's one database: who it is, what it wrote, what it pulled, and how far both are settled.
//
// Every step of the app is one transaction here, so that a kill between any two steps leaves a state from which the
// next exchange goes on. Durability is strict: what the app reported as saved survives a power cut.

import Dexie, { type Table } from "dexie";
import type { Bytes } from "../protocol/bytes";
import type { Act, Body } from "../protocol/entry";
import { draftsNow } from "./old_drafts";

export interface Identity {
  one: "one";
  state: "enrolling" | "enrolled" | "revoked";
  keys: CryptoKeyPair; // the private half cannot be read out
  name: string;
  device: string; // these four are "" until it is enrolled
  token: string;
  user: string;
  serverKey: string;
  nextKeys?: CryptoKeyPair; // of a new enrolment that has no answer yet
}

export interface ScopeRow {
  scope: string;
  n: number; // the last entry written here: kept for good, or the chain forks
  hash: string;
  ackedN: number; // the highest entry with an outcome
  ackedHash: string;
  receipt: { at: string; sig: string; text: string } | null; // the server's signature: what it had, and when
  receiptN: number; // it covers 1 … receiptN without a hole
  trouble: "" | "server_ahead" | "chain_differs";
  active: boolean; // false after it was purged
  gone: 0 | 1 | 2; // 1: `gone` was pulled; 2: and since then nothing is unsent, as the server knows
  cursor: string;
  history: string; // another one after each reset: seqs from before say nothing of what came since
  live: number; // records that are not stale, and the sum of their digests
  digest: string;
  caughtUpMs: number | null;
  mismatched: boolean;
  resetAskedMs: number | null;
}

export interface RecordRow {
  scope: string;
  id: string;
  kind: string;
  rev: number;
  seq: number; // the position of its last change in the scope; 0 of what an older version of the app pulled
  stale: 0 | 1; // 1: from before a reset that has not arrived whole yet, still shown
  part: string; // its share of the digest
  day: string; // the local day that a fact or a window belongs to; "" for everything else
  body: Body; // {} of one that is sealed
  sealed?: Bytes; // the body, where this database has a PIN (store/seal.ts)
}

/** A record that was deleted, for whoever asks what changed. */
export type RemovedRow = Pick<RecordRow, "scope" | "id" | "kind" | "rev" | "seq">;

export interface OutboxRow {
  seq?: number; // the order of writing
  scope: string;
  n: number;
  id: string;
  kind: string;
  record: string;
  act: Act;
  line: Bytes; // exactly as it was first written, or sealed
  schema: string; // the version after which its body was written
  hash: string;
  wallMs: number;
  day: string;
  state: "waiting" | "settled";
  shown: 0 | 1; // 1: shown over what was pulled
  outcome: string;
  code: string;
  errors: Record<string, string[]>;
  rev: number | null;
  settledMs: number | null;
  seen: 0 | 1; // a refused entry that a person has dealt with
  carried: 0 | 1; // 1: written again after this tablet was enrolled again (see carry_over)
}

/** A photo of one entry; it stays as long as the line that promises it, for a server that was restored from a backup. */
export interface PhotoRow {
  entry: string;
  sha256: string;
  type: string;
  blob: Blob; // or sealed
  state: "waiting" | "sent" | "refused";
  url: string; // where an upload that began goes on
  code: string; // why it was refused
}

export interface Note {
  name: string;
  value: unknown; // a text or a number; of a draft (store/drafts) whatever its form keeps
}

export const FIRST_DATABASE = "gongdi-field"; // those of further people are called so, with a number behind

export class FieldDatabase extends Dexie {
  identity!: Table<Identity, string>;
  notes!: Table<Note, string>;
  scopes!: Table<ScopeRow, string>;
  records!: Table<RecordRow, [string, string, string]>;
  removed!: Table<RemovedRow, [string, string, string]>;
  outbox!: Table<OutboxRow, number>;
  photos!: Table<PhotoRow, [string, string]>;

  key: CryptoKey | null = null; // what is sealed is opened with it (store/pin.ts)
  hasPin = false;

  constructor(name = FIRST_DATABASE) {
    super(name, { chromeTransactionDurability: "strict" });
    this.version(1).stores({
      identity: "one",
      notes: "name",
      scopes: "scope",
      records: "[scope+id+kind], [kind+scope+day], [scope+stale], id",
      outbox: "++seq, &id, [scope+n], [scope+state], state, [kind+shown], record",
      media: "sha256, state",
    });
    this.version(2).stores({ media: "sha256, state, entry" });
    this.version(3)
      .stores({ media: null, photos: "[entry+sha256], state, entry" }) // one photo may prove two entries
      .upgrade(async (old) => {
        await old.table("photos").bulkAdd(await old.table("media").toArray());
        await old.table("outbox").toCollection().modify({ schema: "2026.1", carried: 0 }); // the only one until then
      });
    // What waits and what was refused is found without reading what does not ask for it (listing.ts, refused.ts). Two layouts
    // have been called 4, with one half of this each.
    this.version(5)
      .stores({
        outbox: "++seq, &id, [scope+n], [scope+state], state, [kind+shown+state+scope+day], [shown+act], [state+outcome+seen], record",
      })
      .upgrade((old) => old.table("scopes").toCollection().modify((row: Partial<ScopeRow>) => void (row.gone ??= 0)));
    this.version(7).upgrade(async (old) => {
      const drafts = await old.table<Note>("notes").where("name").startsWith("draft:").toArray();
      await old.table("notes").bulkDelete(drafts.map(({ name }) => name));
      await old.table("notes").bulkPut(draftsNow(drafts));
    });
    this.version(9)
      .stores({ records: "[scope+id+kind], [kind+scope+day], [scope+stale], [scope+seq], id", removed: "[scope+id+kind], [scope+seq]" })
      .upgrade(async (old) => {
        await old.table("records").toCollection().modify({ seq: 0 });
        await old.table("scopes").toCollection().modify({ history: "" });
      });
  }

  /** There is a PIN, and nobody has typed it since the app was started. */
  get isLocked(): boolean {
    return this.hasPin && !this.key;
  }

  /** Its keys were deleted, and all that was sealed. */
  forgetPin(): void {
    Object.assign(this, { key: null, hasPin: false });
  }

  async note(name: string): Promise<string | number | undefined> {
    return (await this.notes.get(name))?.value as string | number | undefined;
  }

  async numberNote(name: string): Promise<number> {
    return Number((await this.note(name)) ?? 0);
  }

  async setNote(name: string, value: string | number): Promise<void> {
    await this.notes.put({ name, value });
  }
}

export function newScope(scope: string): ScopeRow {
  return {
    scope,
    n: 0,
    hash: "",
    ackedN: 0,
    ackedHash: "",
    receipt: null,
    receiptN: 0,
    trouble: "",
    active: true,
    gone: 0,
    cursor: "",
    history: "",
    live: 0,
    digest: "0000000000000000",
    caughtUpMs: null,
    mismatched: false,
    resetAskedMs: null,
  };
}

/** Something that cannot be done here. `code` is stable; its words are in ui/texts. */
export class FieldError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** The code of any failure of a write, for the person who waits for "saved". */
export function failureCode(error: unknown): string {
  if (error instanceof FieldError) return error.code;
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return isFull(error) ? "storage_full" : "not_saved";
}

/** Whether a failure of the database, or one that lies in it, says that the disk is full. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { inner, failures = [] } = error as { inner?: unknown; failures?: unknown[] };
  return error.name === "QuotaExceededError" || isFull(inner) || failures.some(isFull);
}
