// Drafts go with the emergency export, to the same person's next tablet: what is half filled in exists nowhere else.

import { strFromU8, strToU8, unzipSync } from "fflate";
import type { Photo } from "../domain/photos";
import { hex, sha256 } from "../protocol/bytes";
import { type FieldDatabase, FieldError, type Note } from "./database";
import { copiedIn, draftName, isOfRecord, partsOf } from "./draft_names";
import { allDrafts, idOf, isWritten } from "./drafts";
import { sealNote } from "./seal";
import { draftsNow } from "./old_drafts";

const LIST = "drafts.json";
const FOLDER = "drafts/";
const BYTES_MAX = 256 * 1024 * 1024; // of all that is inflated: what a tablet's memory holds

/** What became of the drafts of a file: taken in; here already, or finished since; not taken because the same form is being
 * filled in here; of sites that are not assigned to this tablet's user. */
export interface Taken {
  taken: number;
  known: number;
  busy: number;
  foreign: number;
}

/** The files to add to an export: the list of drafts, and their photos. None where nothing is half filled in. */
export async function draftFiles(db: FieldDatabase): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  const list: Note[] = [];
  for (const { name, value } of await allDrafts(db)) {
    for (const photo of photosIn(value)) files[fileOf(photo)] = new Uint8Array(await photo.blob.arrayBuffer());
    const named = withPhotos(value, (photos) => photos.map(({ blob: _, ...photo }) => photo));
    list.push({ name: await nameElsewhere(db, name, value), value: named });
  }
  return list.length > 0 ? { [LIST]: strToU8(JSON.stringify(list)), ...files } : {};
}

/** Take the drafts of another tablet's export in; the same file twice changes nothing. Its entries are for the office to take in.
 *
 * Throws FieldError `export_unreadable`, `export_of_other` (another user's), `export_without_drafts`.
 */
export async function takeDrafts(db: FieldDatabase, file: Blob): Promise<Taken> {
  const files = await opened(file);
  const user = (await db.identity.get("one"))?.user;
  if (!user || documentIn<{ user?: unknown }>(files, "about.json")?.user !== user) throw new FieldError("export_of_other");
  if (!files[LIST]) throw new FieldError("export_without_drafts");
  const list = documentIn<unknown[]>(files, LIST);
  if (!Array.isArray(list)) throw new FieldError("export_unreadable");
  const drafts = draftsNow(await Promise.all(list.map((one) => draftIn(files, one)))); // before the transaction, which waits for nothing else
  return putDrafts(db, drafts);
}

/** Drafts that come from elsewhere: another tablet, or whoever worked at this one before. */
export async function putDrafts(db: FieldDatabase, drafts: readonly Note[]): Promise<Taken> {
  const counts: Taken = { taken: 0, known: 0, busy: 0, foreign: 0 };
  const sealed = await Promise.all(drafts.map(async ({ name, value }) => ({ name, value: await sealNote(db, name, value) })));
  await db.transaction("rw", [db.notes, db.scopes, db.outbox, db.records], async () => {
    for (const draft of sealed) counts[await put(db, draft)] += 1;
  });
  return counts;
}

async function put(db: FieldDatabase, draft: Note): Promise<keyof Taken> {
  const scope = await db.scopes.get(partsOf(draft.name).scope);
  if (!scope?.active || scope.gone) return "foreign";
  if (await isWritten(db, draft.value)) return "known";
  const there = await db.notes.get(draft.name);
  if (there && idOf(there.value) === idOf(draft.value)) return "known"; // it may have been filled in further here
  if (there && !(await isWritten(db, there.value))) return "busy";
  await db.notes.put(draft);
  return "taken";
}

/** A refused entry stays on its tablet: what was to replace it goes on as a new one. */
export async function nameElsewhere(db: FieldDatabase, name: string, value: unknown): Promise<string> {
  const { scope, form, of } = partsOf(name);
  if (isOfRecord(of)) return name; // the record that it corrects, or belongs to, is on every tablet or comes with it
  const refused = await db.outbox.where("id").equals(copiedIn(of)).first();
  if (!refused) return name;
  const body = (value as { value?: { body?: Record<string, unknown> } }).value?.body ?? {};
  const place = body["place_name"] ? ` at ${String(body["place"])} ${String(body["place_name"])}` : "";
  const asNew: Record<string, unknown> = { worker: "new", log: `${of.split(" ")[0]}${place}` };
  return asNew[form] ? draftName(scope, `${form} ${asNew[form]}`) : name;
}

async function opened(file: Blob): Promise<Record<string, Uint8Array>> {
  let left = BYTES_MAX;
  const isWanted = ({ name, originalSize }: { name: string; originalSize: number }) => {
    if (name !== "about.json" && name !== LIST && !name.startsWith(FOLDER)) return false;
    left -= originalSize;
    return left >= 0;
  };
  try {
    return unzipSync(new Uint8Array(await file.arrayBuffer()), { filter: isWanted });
  } catch {
    throw new FieldError("export_unreadable");
  }
}

function documentIn<T>(files: Record<string, Uint8Array>, name: string): T {
  try {
    return JSON.parse(strFromU8(files[name]!)) as T;
  } catch {
    throw new FieldError("export_unreadable");
  }
}

/** One draft of the list, with its photos as they are kept here; a photo that is damaged is left out. */
async function draftIn(files: Record<string, Uint8Array>, one: unknown): Promise<Note> {
  const { name, value } = (one ?? {}) as Partial<Note>;
  if (typeof name !== "string" || !name.startsWith("draft:") || !idOf(value)) throw new FieldError("export_unreadable");
  const photos: Photo[] = [];
  for (const photo of photosIn(value)) {
    const bytes = files[fileOf(photo)] as Uint8Array<ArrayBuffer> | undefined;
    if (bytes && hex(await sha256(bytes)) === photo.sha256) photos.push({ ...photo, blob: new Blob([bytes], { type: photo.type }) });
  }
  return { name, value: withPhotos(value, () => photos) };
}

function photosIn(draft: unknown): Photo[] {
  return (draft as { value?: { photos?: Photo[] } }).value?.photos ?? [];
}

function withPhotos(draft: unknown, change: (photos: Photo[]) => unknown[]): unknown {
  const { value, ...rest } = draft as { value?: { photos?: Photo[] } };
  return value ? { ...rest, value: { ...value, ...(value.photos && { photos: change(value.photos) }) } } : draft;
}

function fileOf({ sha256, type }: Photo): string {
  return `${FOLDER}${sha256}.${type.split("/")[1]}`;
}
