// The forms that were published, as this tablet has them: records of kind `form` in `ref`, one for each code and version.

import type { KindRule } from "../contracts";
import { type Form, isOffered } from "../domain/form";
import type { FieldDatabase } from "./database";
import { type Item, listed } from "./view";

/** All versions of all forms. */
export async function publishedForms(db: FieldDatabase): Promise<Form[]> {
  return (await listed(db, "form", "ref")).map(({ body }) => body as unknown as Form).filter(isReadable);
}

/** What a later version of the server may have made of it is not filled in here, and does no harm. */
function isReadable(form: Partial<Form>): form is Form {
  return typeof form.code === "string" && typeof form.version === "number" && Array.isArray(form.items);
}

/** By code, the version to fill in on a day: the highest that has begun, if it has not ended. */
export function formsOn(forms: readonly Form[], day: string): Map<string, Form> {
  const found = new Map<string, Form>();
  for (const form of forms) if (form.from <= day && form.version > (found.get(form.code)?.version ?? 0)) found.set(form.code, form);
  for (const [code, form] of found) if (!isOffered(form, day)) found.delete(code);
  return found;
}

export const WRITER = "inspector"; // who uses this app

/** Whether people of a kind fill it in at a site. */
export function isMeantFor(form: Form, site: Item | null, writer: string): boolean {
  const kind = site?.body["kind"];
  const isOfSite = typeof kind !== "string" || form.site_kinds.length === 0 || form.site_kinds.includes(kind);
  return isOfSite && form.writers.includes(writer);
}

/** A form as lists and pages see a kind of records. */
export function kindOfForm({ title, icon, nature }: Form): KindRule {
  const acts = nature === "register" ? ["add", "edit", "void"] : ["add", "amend", "void"];
  return { title, icon: icon ?? "record", nature, acts, fields: {} };
}
