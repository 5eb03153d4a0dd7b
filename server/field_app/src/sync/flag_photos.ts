// The photos of flags' replies come down after everything else, while the flag is open. Nothing waits for them, and a photo that
// did not come is asked for at the next exchange.

import { FLAG, type Flag, flagOf, hasRoom, photosToKeep, type ReplyPhoto } from "../domain/flags";
import { type FieldDatabase, isFull } from "../store/database";
import { forgetOthers, keepFlagPhoto } from "../store/flag_photos";
import { unsealBodies } from "../store/seal";
import { type Exchange, ExchangeFailed } from "./exchange";

/** Forget the photos of flags that are over or gone; with `mayFetch`, get those that lack, as far as there is room. */
export async function followFlagPhotos(exchange: Exchange, mayFetch: boolean): Promise<void> {
  const { db } = exchange;
  const wanted = photosToKeep(await pulledFlags(db));
  const { lacking, bytes } = await forgetOthers(db, wanted);
  let sum = bytes;
  for (const photo of mayFetch ? lacking : []) {
    if (!hasRoom(sum)) return;
    const blob = await fetched(exchange, `/sync/v1/flags/${photo.flag}/photos/${photo.sha256}`);
    if (!blob) return;
    if (!(await isKept(db, photo, blob))) return;
    sum += blob.size;
  }
}

/** The flags of all sites: nobody writes one here, so that what was pulled is all there is. */
async function pulledFlags(db: FieldDatabase): Promise<Flag[]> {
  const scopes = (await db.scopes.toArray()).filter(({ active }) => active);
  const rows = await db.records.where("[kind+scope+day]").anyOf(scopes.map(({ scope }) => [FLAG, scope, ""])).toArray();
  return (await unsealBodies(db, rows)).map((row) => flagOf({ ...row, timeMs: 0, state: "synced" }));
}

/** False where there is no room: entries need it more. */
async function isKept(db: FieldDatabase, photo: ReplyPhoto, blob: Blob): Promise<boolean> {
  try {
    await keepFlagPhoto(db, photo, blob);
    return true;
  } catch (error) {
    if (isFull(error)) return false;
    throw error;
  }
}

/** Null where it did not come; a photo that the server does not give is no reason to ask for more of them now. */
async function fetched(exchange: Exchange, path: string): Promise<Blob | null> {
  try {
    const answer = await exchange.ask("GET", path);
    return answer.ok ? await answer.blob() : null;
  } catch (error) {
    if (error instanceof ExchangeFailed || error instanceof DOMException || error instanceof TypeError) return null;
    throw error;
  }
}
