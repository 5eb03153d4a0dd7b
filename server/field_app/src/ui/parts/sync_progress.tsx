// How far a long exchange has come, in records and bytes: whoever waits at the edge of a network knows whether it moves.

import { useEffect, useRef, useState } from "preact/hooks";
import { useSession } from "../session";

const LOOK_EVERY_MS = 400;
const KB = 1024;

/** `left`: entries that are not sent yet. Nothing shows while no exchange runs. */
export function SyncProgress({ left }: { left: number }) {
  const { syncer, isBusy } = useSession();
  const [moved, setMoved] = useState(syncer.exchange.moved);
  const most = useRef(left);
  if (!isBusy) most.current = left;
  most.current = Math.max(most.current, left);
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(() => setMoved({ ...syncer.exchange.moved }), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isBusy, syncer]);
  if (!isBusy) return null;
  const total = most.current;
  return (
    <div class="moving" role="status">
      <progress max={Math.max(total, 1)} value={total - left} aria-label="已上传" />
      <p class="muted">
        已上传 {total - left}/{total} 条 · {sizeText(moved.up)}, 已下载 {moved.records} 条 · {sizeText(moved.down)}
      </p>
    </div>
  );
}

/** `12 KB`, `1.4 MB`. */
export function sizeText(bytes: number): string {
  return bytes < KB * KB ? `${Math.ceil(bytes / KB)} KB` : `${(bytes / KB / KB).toFixed(1)} MB`;
}
