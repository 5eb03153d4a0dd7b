// Forms that were begun and not saved. The id of the record that one will be is chosen when it is begun, so that records of
// another form can belong to it before it is written.

import type { Photo } from "../domain/photos";
import { utf8 } from "../protocol/bytes";
import type { Body } from "../protocol/entry";
import { writtenMs } from "../protocol/ids";
import type { FieldDatabase } from "./database";
import { draftName, partsOf } from "./draft_names";
import { allDrafts, draft, idOf, isWritten } from "./drafts";

/** `of`: of which place, as drafts are named; "" for none. */
export interface Begun {
  kind: string;
  id: string;
  of: string;
  startedMs: number;
}

/** The new records of these kinds that are being filled in at a site. */
export async function begunAt(db: FieldDatabase, scope: string, kinds: readonly string[]): Promise<Begun[]> {
  const found: Begun[] = [];
  for (const { name, value } of await allDrafts(db)) {
    const parts = partsOf(name);
    const [kind = "", how, ...rest] = parts.of.split(" ");
    const isNew = how === undefined || how === "at";
    if (parts.scope === scope && parts.form === "log" && isNew && kinds.includes(kind)) found.push({ kind, id: idOf(value), of: rest.join(" "), startedMs: writtenMs(idOf(value)) });
  }
  return found;
}

/** What was begun of a child. */
export interface Half {
  text: string; // what was typed of it
  photos: number;
}

/** The name of the draft of a parent's next child. */
export function childDraft(scope: string, kind: string, parent: string): string {
  return draftName(scope, `log ${kind} in ${parent}`);
}

/** What was begun of a parent's next child and not saved; null for nothing. What it started with is nothing. */
export async function halfWritten(db: FieldDatabase, scope: string, kind: string, parent: string): Promise<Half | null> {
  const left = await draft<{ id: string; value: { body: Body; photos: Photo[]; fresh?: Body } }>(db, childDraft(scope, kind, parent));
  if (!left || (await isWritten(db, left))) return null;
  const { body, photos, fresh = {} } = left.value;
  const typed = Object.entries(body).filter(([name, value]) => value !== "" && value !== null && JSON.stringify(value) !== JSON.stringify(fresh[name]));
  if (photos.length === 0 && typed.length === 0) return null;
  const texts = typed.map(([, value]) => value).filter((value) => typeof value === "string");
  return { text: texts.sort((a, b) => utf8(b).length - utf8(a).length)[0] ?? "", photos: photos.length }; // codes are shorter than words
}
