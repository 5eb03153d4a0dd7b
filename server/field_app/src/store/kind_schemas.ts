// Validation on write, by the JSON Schemas that the server gives of its kinds: what it would refuse days later is refused now.

import { Validator } from "@cfworker/json-schema";
import type { Body } from "../protocol/entry";
import { type Fetch, troubleIn } from "../sync/exchange";
import type { FieldDatabase } from "./database";

const NOTE = "kind_schemas";
const FRESH_MS = 3600_000; // they change when a form is published

type Schema = Record<string, unknown>;

interface Known {
  atMs: number;
  schemas: Record<string, Schema>;
}

/** A body that the kind's schema does not allow. `errors`: JSON pointer into the entry → messages, as a server writes them. */
export class NotValid extends Error {
  constructor(
    readonly kind: string,
    readonly errors: Record<string, string[]>,
  ) {
    super(`${kind}: ${Object.keys(errors).join(", ")}`);
  }
}

export class KindSchemas {
  constructor(
    private readonly db: FieldDatabase,
    private readonly fetch: Fetch,
  ) {}

  /** Bring them up to date. Without a network, those of the last time hold. */
  async refresh(): Promise<void> {
    const atMs = Date.now();
    if (Math.abs(atMs - ((await this.known())?.atMs ?? 0)) < FRESH_MS) return;
    const answer = await this.fetch("/sync/v1/kinds", { method: "GET", headers: {} }).catch(() => null);
    if (!answer || (await troubleIn(answer))) return;
    await this.db.notes.put({ name: NOTE, value: { atMs, schemas: await answer.json() } });
  }

  /** `isPartial`: of an edit, which brings changed fields only. Throws NotValid; also for a kind that the server does not have.
   * Until the first sync nothing is known, and the server decides. */
  async validate(kind: string, body: Body, isPartial = false): Promise<void> {
    const known = await this.known();
    if (!known) return;
    const schema = known.schemas[kind];
    if (!schema) throw new NotValid(kind, { "/kind": ["unknown_kind"] });
    const { valid, errors } = new Validator(isPartial ? { ...schema, required: [] } : schema, "2020-12", false).validate(body);
    if (valid) return;
    const found: Record<string, string[]> = {};
    for (const { instanceLocation, keyword, error } of errors) {
      if (keyword === "properties") continue; // says only that one of them is wrong, which comes as well
      (found[`/body${instanceLocation.slice(1)}`] ??= []).push(error);
    }
    throw new NotValid(kind, found);
  }

  private async known(): Promise<Known | undefined> {
    return (await this.db.notes.get(NOTE))?.value as Known | undefined;
  }
}
