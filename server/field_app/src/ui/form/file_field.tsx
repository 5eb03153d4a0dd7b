// Documents as they are: PDF.

import { rule } from "../../contracts";
import type { Photo } from "../../domain/photos";
import { hex, sha256 } from "../../protocol/bytes";
import { Icon } from "../parts/icon";
import { useSession } from "../session";

const MB = 1024 * 1024;
const PDF = "application/pdf";
const TAIL_BYTES = 1024;

interface Props {
  photos: readonly Photo[];
  onChange: (change: (files: readonly Photo[]) => Photo[]) => void;
  onBusy: (by: number) => void;
  max: number;
  title: string;
}

export function FileField({ photos, onChange, onBusy, max, title }: Props) {
  const { notify } = useSession();
  const most = rule("media_bytes_max").value;
  const take = async (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const files = [...(field.files ?? [])];
    field.value = "";
    for (const file of files) {
      onBusy(+1);
      try {
        const taken = await read(file, most);
        if (taken) onChange((now) => [...now.filter((one) => one.sha256 !== taken.sha256), taken].slice(-max));
        else notify(`请选择完整的 PDF 文件, 不超过 ${Math.floor(most / MB)} MB。`, "bad");
      } finally {
        onBusy(-1);
      }
    }
  };
  return (
    <div class="photos">
      {photos.map((file) => (
        <p class="document" key={file.sha256}>
          PDF {(file.bytes / MB).toFixed(1)} MB{" "}
          <button type="button" class="quiet small" onClick={() => onChange((now) => now.filter((one) => one.sha256 !== file.sha256))}>
            去掉
          </button>
        </p>
      ))}
      <label class="gallery" aria-label={title}>
        <Icon name="record" />
        选择 PDF 文件
        <input type="file" accept={PDF} multiple={max > 1} onChange={take} />
      </label>
    </div>
  );
}

/** Null for what the server would not take: no PDF with its header and its end, or too large. */
async function read(file: File, most: number): Promise<Photo | null> {
  if (file.size > most) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = (part: Uint8Array) => new TextDecoder("latin1").decode(part);
  const isPdf = /^%PDF-(1\.[0-7]|2\.0)\s/.test(text(bytes.subarray(0, 10))) && /startxref\s+\d+\s+%%EOF[\0\s]*$/.test(text(bytes.subarray(-TAIL_BYTES)));
  return isPdf ? { sha256: hex(await sha256(bytes)), bytes: bytes.length, type: PDF, blob: new Blob([bytes], { type: PDF }) } : null;
}
