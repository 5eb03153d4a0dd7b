// The photos or files of one field: its hashes stand in the body, they themselves go with the entry.

import type { Photo } from "../../domain/photos";
import { PhotoField } from "../parts/photo_field";
import { FileField } from "./file_field";
import { type AskedProps, Titled } from "./titled";

export function Attachments(props: AskedProps) {
  const { item, body, photos, setPhotos, onBusy } = props;
  const hashes = (body[item.name] ?? []) as string[];
  const own = photos.filter(({ sha256 }) => hashes.includes(sha256));
  const onChange = (change: (photos: readonly Photo[]) => Photo[]) => setPhotos(item.name, change);
  const shared = { photos: own, onChange, onBusy, max: item.max ?? 1 };
  return (
    <Titled {...props}>
      {item.type === "image" ? <PhotoField {...shared} sideMax={item.max_pixels} title={item.label} /> : <FileField {...shared} title={item.label} />}
    </Titled>
  );
}
