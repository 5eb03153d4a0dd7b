// The boundary at which photos leave the tablet. Entries that promise photos go up at once; the bytes follow here, by
// tus 1.0.0 under /sync/v1/media, addressed by their SHA-256, and stay in the database until they have. The upload
// itself is not built yet: what waits is counted, and shown to the person.

import type { FieldDatabase, MediaRow } from "../store/database";

/** The photos that wait to be sent. */
export async function waitingPhotos(db: FieldDatabase): Promise<MediaRow[]> {
  return db.media.where("state").equals("waiting").toArray();
}
