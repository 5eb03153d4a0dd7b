// A device as a library, without a screen: what the inspectors' app is made of below its pages. Packed as @gongdi/client.
//
//     const gate = new GongdiClient("https://gongdi.example");
//     await gate.enrol("7K3M-XXXXX-XXXXX", "gate 1");
//     await gate.sync();
//     await gate.add(scope, "gate_pass", { worker, direction: "in", method: "card" });
//     await gate.sync();

import { contracts } from "./contracts";
import type { Photo } from "./domain/photos";
import type { Body } from "./protocol/entry";
import { localDate } from "./protocol/time";
import { type Changes, changes } from "./store/changes";
import { FieldDatabase, FieldError } from "./store/database";
import { formsOn, publishedForms } from "./store/forms";
import { KindSchemas, NotValid } from "./store/kind_schemas";
import { cursors } from "./store/records";
import { refusedUnseen } from "./store/refused";
import { unsent } from "./store/unsent";
import { type Item, listed } from "./store/view";
import { add, amend, edit, type Further, voidRecord } from "./store/write";
import { enrol } from "./sync/enrol";
import { Exchange, ExchangeFailed, type Fetch, type Trouble } from "./sync/exchange";
import { delayMs, syncOnce } from "./sync/syncer";

export { delayMs, type Body, type Changes, ExchangeFailed, FieldDatabase, FieldError, type Further, type Item, NotValid, type Photo, type Trouble };

export interface Options {
  /** Of the database: one for each device. */
  database?: string;
  fetch?: typeof globalThis.fetch;
}

/** An entry that the server refused and keeps in quarantine. */
export interface Refused {
  id: string;
  scope: string;
  kind: string;
  code: string;
  errors: Record<string, string[]>;
}

/** One device of the server at `url` (its origin). Open it with the same database again, and it goes on. Needs IndexedDB,
 * WebCrypto with Ed25519 and fetch; a `document` or `window` it does not need. */
export class GongdiClient {
  readonly db: FieldDatabase;
  private readonly exchange: Exchange;
  private readonly schemas: KindSchemas;

  constructor(url: string, { database = "gongdi-client", fetch = (...asked) => globalThis.fetch(...asked) }: Options = {}) {
    const send: Fetch = (path, init) => fetch(new URL(path, url).href, init);
    this.db = new FieldDatabase(database);
    this.exchange = new Exchange(this.db, send);
    this.schemas = new KindSchemas(this.db, send);
  }

  /** Throws FieldError `already_enrolled`, or ExchangeFailed with what the server or the network said. */
  async enrol(code: string, name: string): Promise<void> {
    await enrol(this.exchange, code, name);
  }

  async isEnrolled(): Promise<boolean> {
    return (await this.db.identity.get("one"))?.state === "enrolled";
  }

  /** Pull, push, pull what came of it, and the photos. Gives what went wrong, if anything did; whatever it was, what was
   * written stays, and goes up the next time. One at a time. */
  async sync(): Promise<Trouble | null> {
    await this.schemas.refresh();
    return syncOnce(this.exchange);
  }

  /** The scopes that are assigned, as far as this device knows. */
  async scopes(): Promise<string[]> {
    return Object.keys(await cursors(this.db)).sort();
  }

  /** Write a fact or a new register, durably, without a network; gives its id. Throws NotValid for a body that the kind's schema
   * does not allow, FieldError `scope_gone`, `device_revoked`, `observed_ahead`. */
  async add(scope: string, kind: string, body: Body, photos: readonly Photo[] = [], further: Further = {}): Promise<string> {
    await this.schemas.validate(kind, body);
    return add(this.db, scope, kind, body, photos, { ...(await this.formOf(kind)), ...further });
  }

  /** Correct a fact; both stay readable. As `add`, and FieldError `unknown_record`. */
  async amend(scope: string, fact: string, body: Body): Promise<string> {
    const kind = await this.kindOf(scope, fact);
    await this.schemas.validate(kind, body);
    return amend(this.db, scope, fact, body, [], await this.formOf(kind));
  }

  /** Change fields of a register, from the version that was last pulled. As `amend`. */
  async edit(scope: string, record: string, fields: Body): Promise<string> {
    const kind = await this.kindOf(scope, record);
    await this.schemas.validate(kind, fields, true);
    return edit(this.db, scope, record, fields, [], await this.formOf(kind));
  }

  /** Declare a record void, and why. Throws FieldError `unknown_record`. */
  async void(scope: string, record: string, reason: string): Promise<string> {
    return voidRecord(this.db, scope, record, reason);
  }

  /** The records of a kind as a person would see them now: what was pulled, with own unsent work laid over it. `scope` "": all. */
  async list(kind: string, scope = ""): Promise<Item[]> {
    return listed(this.db, kind, scope);
  }

  /** What was pulled of a scope since `cursor` ("": all of it), in the server's order. */
  async changes(scope: string, cursor = ""): Promise<Changes> {
    return changes(this.db, scope, cursor);
  }

  /** What the server refused, in the order of writing. */
  async refused(): Promise<Refused[]> {
    const rows = await refusedUnseen(this.db).sortBy("seq");
    return rows.map(({ id, scope, kind, code, errors }) => ({ id, scope, kind, code, errors }));
  }

  /** How many entries and photos wait. */
  async unsent(): Promise<number> {
    const { entries, photos } = await unsent(this.db);
    return entries + photos;
  }

  close(): void {
    this.db.close();
  }

  private async kindOf(scope: string, record: string): Promise<string> {
    const own = await this.db.outbox.where("record").equals(record).first();
    const pulled = await this.db.records.where("id").equals(record).filter((row) => row.scope === scope).first();
    const kind = pulled?.kind ?? own?.kind;
    if (!kind) throw new FieldError("unknown_record");
    return kind;
  }

  /** The version of a published form to write by today; none for kinds in code. */
  private async formOf(kind: string): Promise<{ form?: number }> {
    if (contracts.kinds[kind]) return {};
    const version = formsOn(await publishedForms(this.db), localDate(await this.exchange.nowMs())).get(kind)?.version;
    return version === undefined ? {} : { form: version };
  }
}
