// Photos from the camera or, several at once, from the gallery: made small at once, shown small, and taken away again with one
// touch.

import { useEffect, useMemo, useState } from "preact/hooks";
import { contracts } from "../../contracts";
import { type Photo, shrink } from "../../domain/photos";
import { useSession } from "../session";
import { Icon } from "./icon";

interface Props {
  photos: readonly Photo[];
  onChange: (change: (photos: readonly Photo[]) => Photo[]) => void; // of those that are there then: a photo takes its time
  onBusy?: (by: number) => void; // +1 when a photo is being made small, -1 when it is ready
  max?: number; // with one, the next replaces it
  sideMax?: number | undefined; // pixels
  title?: string;
}

export function PhotoField({ photos, onChange, onBusy = () => undefined, max = contracts.push.media, sideMax, title }: Props) {
  const { notify } = useSession();
  const [waiting, setWaiting] = useState(0);
  const count = (by: number) => (setWaiting((now) => now + by), onBusy(by));
  const take = async (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const files = [...(field.files ?? [])];
    field.value = "";
    const room = max === 1 ? 1 : max - photos.length;
    if (files.length > room) notify(`这里最多 ${max} 张照片, 多出的没有加入。`, "bad");
    count(files.length);
    for (const file of files) {
      if (files.indexOf(file) < room) await add(file);
      count(-1);
    }
  };
  const add = async (file: File) => {
    try {
      const photo = await shrink(file, sideMax);
      onChange((now) => (max === 1 ? [photo] : [...now.filter((one) => one.sha256 !== photo.sha256), photo].slice(0, max)));
    } catch {
      notify("这个文件不是照片, 请重新拍摄。", "bad");
    }
  };
  return (
    <div class="photos">
      {photos.map((photo) => (
        <Thumbnail key={photo.sha256} photo={photo} onRemove={() => onChange((now) => now.filter((one) => one.sha256 !== photo.sha256))} />
      ))}
      {waiting > 0 && <p role="status">正在处理 {waiting} 张照片…</p>}
      {(max === 1 || photos.length < max) && (
        <>
          <label class="photo">
            <Icon name="camera" />
            {photos.length === 0 ? (title ? "拍照" : "拍照 (可不拍)") : `照片已附上 (${sizeOf(photos)}), ${max === 1 ? "点此重拍" : "再拍一张"}`}
            <input type="file" accept="image/*" capture="environment" aria-label={title && `${title}: 拍照`} onChange={take} />
          </label>
          <label class="gallery">
            从相册选{max > 1 && `, 可多张, 共 ${max} 张以内`}
            <input type="file" accept="image/*" multiple={max > 1} aria-label={title && `${title}: 从相册选`} onChange={take} />
          </label>
        </>
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
