// What is being filled in and not written yet: it outlives leaving the form, and the app being killed.

import type { Body } from "../protocol/entry";
import type { FieldDatabase, Note } from "./database";
import { sealNote, unsealNote } from "./seal";
import { copiedIn, isOfRecord, partsOf } from "./draft_names";

const LAST = "last:";

export async function draft<T>(db: FieldDatabase, name: string): Promise<T | null> {
  return ((await unsealNote(db, name, (await db.notes.get(name))?.value)) as T | undefined) ?? null;
}

export async function keepDraft(db: FieldDatabase, name: string, value: object): Promise<void> {
  await db.notes.put({ name, value: await sealNote(db, name, value) });
}

export async function dropDraft(db: FieldDatabase, name: string): Promise<void> {
  await db.notes.delete(name);
}

/** A form that was begun: `of` says what it is of (partsOf), or, where `copies`, which refused entry it is to replace. */
export interface Unfinished {
  name: string;
  scope: string;
  form: string;
  of: string;
  copies: boolean;
  body: Body;
  photos: number;
  begunBy: string; // who passed it on; "" where nobody did
}

/** All that can be opened again. */
export async function unfinished(db: FieldDatabase): Promise<Unfinished[]> {
  const found: Unfinished[] = [];
  for (const { name, value } of await allDrafts(db)) {
    const { scope, form, of } = partsOf(name);
    const { body = {}, photos = [] } = (value as { value?: { body?: Body; photos?: unknown[] } }).value ?? {};
    const copies = of !== "" && !isOfRecord(of) && (await db.outbox.where("id").equals(copiedIn(of)).count()) > 0;
    found.push({ name, scope, form, of, copies, body, photos: photos.length, begunBy: await begunBy(db, idOf(value)) });
  }
  return found;
}

/** Without those whose entry is written: here, or by another tablet from which they came. */
export async function allDrafts(db: FieldDatabase): Promise<Note[]> {
  const drafts: Note[] = [];
  for (const { name, value } of await db.notes.where("name").startsWith("draft:").toArray()) {
    if (!(await isWritten(db, value))) drafts.push({ name, value: await unsealNote(db, name, value) });
  }
  return drafts;
}

const BEGUN = "begun:"; // before the id of an entry: who began its form, where that was not its writer

export async function begunBy(db: FieldDatabase, id: string): Promise<string> {
  return String((await db.note(BEGUN + id)) ?? "");
}

/** Who began the forms of these entries, by entry: of those that somebody passed on. */
export async function begunByOthers(db: FieldDatabase): Promise<Map<string, string>> {
  const notes = await db.notes.where("name").startsWith(BEGUN).toArray();
  return new Map(notes.map(({ name, value }) => [name.slice(BEGUN.length), String(value)]));
}

export async function noteBegunBy(db: FieldDatabase, id: string, person: string): Promise<void> {
  await db.setNote(BEGUN + id, person);
}

export async function isWritten(db: FieldDatabase, draft: unknown): Promise<boolean> {
  const id = idOf(draft);
  return (await db.outbox.where("id").equals(id).count()) + (await db.records.where("id").equals(id).count()) > 0;
}

/** Of the entry that a draft will be; "" for what is no draft. */
export function idOf(draft: unknown): string {
  return String((draft as { id?: unknown } | null | undefined)?.id ?? "");
}

/** What stood in a form last time, of the fields that keep it. */
export async function lastKept(db: FieldDatabase, form: string): Promise<Body> {
  return ((await unsealNote(db, LAST + form, (await db.notes.get(LAST + form))?.value)) as Body | undefined) ?? {};
}

export async function keepLast(db: FieldDatabase, form: string, values: Body): Promise<void> {
  if (Object.keys(values).length > 0) await keepDraft(db, LAST + form, values);
}

/** Forget the drafts of a site, or all of them (""), and what stood there last: they may say something about people. */
export async function dropDrafts(db: FieldDatabase, scope = ""): Promise<void> {
  if (!scope) await db.notes.where("name").startsWith(LAST).delete();
  await db.notes.where("name").startsWith(scope ? `draft:${scope}:` : "draft:").delete();
}
