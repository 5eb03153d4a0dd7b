// Photos from the camera, made small at once, shown small, and taken away again with one touch.

import { useEffect, useMemo } from "preact/hooks";
import { contracts } from "../../contracts";
import { type Photo, shrink } from "../../domain/photos";
import { useSession } from "../session";
import { Icon } from "./icon";

interface Props {
  photos: readonly Photo[];
  onChange: (change: (photos: readonly Photo[]) => Photo[]) => void; // of those that are there then: a photo takes its time
  max?: number; // with one, the next replaces it
}

export function PhotoField({ photos, onChange, max = contracts.push.media }: Props) {
  const { notify } = useSession();
  const take = async (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const file = field.files?.[0];
    if (!file) return;
    try {
      const photo = await shrink(file);
      onChange((now) => [...(max === 1 ? [] : now.filter((one) => one.sha256 !== photo.sha256)), photo]);
    } catch {
      notify("这个文件不是照片, 请重新拍摄。", "bad");
    }
    field.value = "";
  };
  return (
    <div class="photos">
      {photos.map((photo) => (
        <Thumbnail key={photo.sha256} photo={photo} onRemove={() => onChange((now) => now.filter((one) => one.sha256 !== photo.sha256))} />
      ))}
      {(max === 1 || photos.length < max) && (
        <label class="photo">
          <Icon name="camera" />
          {photos.length === 0 ? "拍照 (可不拍)" : `照片已附上 (${sizeOf(photos)}), ${max === 1 ? "点此重拍" : "再拍一张"}`}
          <input type="file" accept="image/*" capture="environment" onChange={take} />
        </label>
      )}
    </div>
  );
}

function sizeOf(photos: readonly Photo[]): string {
  const size = `${Math.ceil(photos.reduce((sum, photo) => sum + photo.bytes, 0) / 1024)} KB`;
  return photos.length > 1 ? `${photos.length} 张, ${size}` : size;
}

/** A photo that is stored in the tablet. */
export function Thumbnail({ photo, onRemove }: { photo: Photo; onRemove?: () => void }) {
  const url = useMemo(() => URL.createObjectURL(photo.blob), [photo.sha256]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <figure class="thumbnail">
      <img src={url} alt="照片" />
      {onRemove && (
        <button type="button" aria-label="删除照片" onClick={onRemove}>
          <Icon name="remove" />
        </button>
      )}
    </figure>
  );
}
