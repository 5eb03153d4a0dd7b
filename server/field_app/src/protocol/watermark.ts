// Through which moment a server can know everything: the same rules as the server's own (sync_protocol/watermark.py), by the
// same vectors. Only this separates "missed" from "silent".

const PENDING_MAX = 20; // declarations of one stream that wait for a hole to be filled; a newer one says more

/** What a push declared of a stream that had nothing unsent: entries 1 … `n` end in `hash`, and there was no other at `tMs`. */
export interface Declared {
  n: number;
  hash: string;
  tMs: number;
}

/** What a server holds of a stream: 1 … `n` without a hole, the last one with this hash. */
export interface Whole {
  n: number;
  hash: string;
  forked: boolean;
}

/** Through when a stream is complete (null: never yet), and the declarations that still wait. A declaration counts once every
 * entry up to its `n` is there and that one has its hash; one with another hash never will. It never goes back. A fork keeps
 * the stream where it was until a person has closed it. */
export function declaredThrough(
  stream: Whole,
  pending: readonly Declared[],
  hashAt: (n: number) => string | undefined,
  previousMs: number | null,
): { completeMs: number | null; waiting: Declared[] } {
  const waits = (one: Declared) => stream.forked || one.n > stream.n;
  const isHere = (one: Declared) => (one.n === stream.n ? stream.hash : hashAt(one.n)) === one.hash;
  const heard = pending.filter((one) => !waits(one) && isHere(one)).map((one) => one.tMs);
  const known = previousMs === null ? heard : [previousMs, ...heard];
  return { completeMs: known.length === 0 ? null : Math.max(...known), waiting: pending.filter(waits).slice(-PENDING_MAX) };
}

/** An active device that counts in a scope. `kinds`: what it may write there, null for every kind; `throughMs`: through when
 * its stream is complete, null before it ever was. */
export interface Reporter {
  kinds: readonly string[] | null;
  throughMs: number | null;
}

/** Through when a (scope, kind) is complete: the least over the devices that may write that kind there; now for one that only
 * the server writes. Null when there is no such device, or one that never was complete: then nobody can say that anything
 * was missed. */
export function kindWatermark(reporters: readonly Reporter[], kind: string, nowMs: number, isServerOnly: boolean): number | null {
  if (isServerOnly) return nowMs;
  const heard = reporters.filter(({ kinds }) => kinds === null || kinds.includes(kind)).map((one) => one.throughMs);
  if (heard.length === 0 || heard.includes(null)) return null;
  return Math.min(...heard.map(Number));
}
