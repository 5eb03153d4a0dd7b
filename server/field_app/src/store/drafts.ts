// What is being filled in and not written yet: it outlives leaving the form, and the app being killed.

import type { FieldDatabase } from "./database";

/** A draft's name: the site it belongs to, and the form. */
export function draftName(scope: string, form: string): string {
  return `draft:${scope}:${form}`;
}

export async function draft<T>(db: FieldDatabase, name: string): Promise<T | null> {
  return ((await db.notes.get(name))?.value as T | undefined) ?? null;
}

export async function keepDraft(db: FieldDatabase, name: string, value: object): Promise<void> {
  await db.notes.put({ name, value });
}

export async function dropDraft(db: FieldDatabase, name: string): Promise<void> {
  await db.notes.delete(name);
}

/** Forget the drafts of a site, or all of them (""): they may say something about people's health. */
export async function dropDrafts(db: FieldDatabase, scope = ""): Promise<void> {
  await db.notes.where("name").startsWith(scope ? `draft:${scope}:` : "draft:").delete();
}
