// A photo becomes small enough to travel, and gets the name by which everybody knows it: its hash.

import { hex, sha256 } from "../protocol/bytes";
import type { MediaPromise } from "../protocol/entry";

const SIDE_MAX = 1600; // pixels: enough to read a label on a canister
const QUALITY = 0.8;

export type Photo = MediaPromise & { blob: Blob };

/** The photo as it is kept and promised. Throws for a file that is no picture. */
export async function shrink(file: Blob, sideMax = SIDE_MAX): Promise<Photo> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, sideMax / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("the picture could not be written");
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { sha256: hex(await sha256(bytes)), bytes: bytes.length, type: blob.type, blob };
}
