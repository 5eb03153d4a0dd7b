// What the server refused, until a person has dealt with it: written it again, or put it away.

import type { FieldDatabase } from "./database";

/** The refused entries that nobody has dealt with, in the order of writing. */
export function refusedUnseen(db: FieldDatabase) {
  return db.outbox.where("[state+outcome+seen]").equals(["settled", "refused", 0]);
}

/** It was dealt with; its photos went over to what replaces it, or are wanted no more. */
export async function setSeen(db: FieldDatabase, id: string): Promise<void> {
  await db.transaction("rw", db.outbox, db.photos, async () => {
    await db.outbox.where("id").equals(id).modify({ seen: 1 });
    await db.photos.where("entry").equals(id).delete();
  });
}
