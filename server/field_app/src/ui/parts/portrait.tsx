// The last photo of a person that was taken here and still is.

import type { ComponentChildren } from "preact";
import { ownEntries, photosOf } from "../../store/view";
import { useLive, useSession } from "../session";
import { Thumbnail } from "./photo_field";

/** `instead`: what stands there for somebody without one. */
export function Portrait({ worker, instead = null }: { worker: string; instead?: ComponentChildren }) {
  const { db } = useSession();
  const photos = useLive(async () => photosOf(db, (await ownEntries(db, worker)).map((row) => row.id).reverse()), [db, worker], ["photos"]);
  const last = photos?.at(-1);
  return last ? <Thumbnail photo={last} /> : <>{instead}</>;
}
