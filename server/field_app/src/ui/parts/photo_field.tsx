// One photo from the camera, made small at once.

import { type Photo, shrink } from "../../domain/photos";
import { useSession } from "../session";
import { Icon } from "./icon";

export function PhotoField({ photo, onTake }: { photo: Photo | null; onTake: (photo: Photo) => void }) {
  const { tell } = useSession();
  const take = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0];
    if (!file) return;
    try {
      onTake(await shrink(file));
    } catch {
      tell("这个文件不是照片, 请重新拍摄。", "bad");
    }
  };
  return (
    <label class="photo">
      <Icon name="camera" />
      {photo ? `照片已附上 (${Math.ceil(photo.bytes / 1024)} KB), 点此重拍` : "拍照 (可不拍)"}
      <input type="file" accept="image/*" capture="environment" onChange={take} />
    </label>
  );
}
