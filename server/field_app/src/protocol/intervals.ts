// When was an entry written? What a server can say of it from the pushes of its device: the same rules as the server's own
// (sync_protocol/intervals.py), by the same vectors. Instants are ms since the epoch; a lower bound of UNKNOWN_MS bounds
// nothing.

export const TRANSIT_MS = 60_000; // a client abandons a try that has no answer so long after it read its clock
const DRIFT_PPM = 100;
const WALL_MS = 1_000; // each way, for wall clocks that are read in other units than they are written
const FILE_MS = 600_000; // each way, of a file's entry: a wall clock may have moved since it was last known
export const UNKNOWN_MS = 0;
const NEVER_MS = 2 ** 53;

export type Grade = "anchored" | "offset" | "claimed";

/** A push as it ties the device's clocks to the server's: they were read within [`tMs`, `arrivalMs`]. */
export interface Tie {
  tMs: number;
  arrivalMs: number;
  wallMs: number;
  boot: string | null;
  upMs: number | null;
}

/** From `lo` to `hi`, both included. Empty (contradictory) where `lo` is greater. */
export interface Span {
  lo: number;
  hi: number;
}

/** What a push said of a stream: nothing beyond number n + `unsent`, which is `known`, was written yet at `tMs`. */
export interface Floor {
  known: number;
  tMs: number;
  arrivalMs: number;
}

/** What an entry claims of its time. */
export interface Claim {
  wallMs: number;
  boot: string | null;
  upMs: number | null;
}

/** What is known of one entry by itself. `follows`: its `prev` is the hash of the entry before it in the list. `estimate` is
 * null where the device's clocks say nothing. `notBeforeMs` is the greater of its beacon's time and `floorMs`, the T of the
 * last push whose n + unsent is below its number; `notAfterMs` its receipt. */
export interface Written {
  follows: boolean;
  grade: Grade;
  estimate: Span | null;
  notBeforeMs: number;
  notAfterMs: number;
  floorMs: number;
}

/** When an entry was written, as it is believed. `doubt`: its clock contradicts what is proved (`clock_doubt`). */
export interface Interval {
  earliestMs: number;
  latestMs: number;
  grade: Grade;
  doubt: boolean;
}

/** T of a push: its clock was not read before. `beaconMs`: when the header's beacon was handed out; null: not known. */
export function pushTime(arrivalMs: number, beaconMs: number | null): number {
  const earliestMs = arrivalMs - TRANSIT_MS;
  return beaconMs === null ? earliestMs : Math.min(Math.max(earliestMs, beaconMs), arrivalMs);
}

/** Between which instants a device read this `upMs`, by all pushes of its boot; null where no push shares it. Empty where
 * they contradict each other (a boot that was used twice). */
export function bootSpan(ties: readonly Tie[], boot: string, upMs: number): Span | null {
  const spans = ties.flatMap((tie) => {
    if (tie.boot !== boot || tie.upMs === null) return [];
    const passedMs = upMs - tie.upMs;
    const driftMs = Math.ceil((Math.abs(passedMs) * DRIFT_PPM) / 1_000_000);
    return [{ lo: tie.tMs + passedMs - driftMs, hi: tie.arrivalMs + passedMs + driftMs }];
  });
  return spans.length === 0 ? null : spans.reduce(cut);
}

/** Of a device's pushes, in order of arrival up to the one that brought an entry: from the last one that was certainly
 * before the entry on. Certainly before: the entry carries the beacon of that push or a later one, or is numbered beyond
 * its n + unsent. */
export function tiesAround(ties: readonly Tie[], beaconMs: number | null, floor: Floor | null): readonly Tie[] {
  const beforeMs = Math.max(beaconMs ?? UNKNOWN_MS, floor?.arrivalMs ?? UNKNOWN_MS);
  const first = ties.findLastIndex((tie) => tie.arrivalMs <= beforeMs);
  return ties.slice(Math.max(first, 0));
}

/** Between which instants a wall clock showed `wallMs`, as the hull of what these pushes say. Null without. */
function wallSpan(wallMs: number, ties: readonly Tie[], marginMs: number): Span | null {
  if (ties.length === 0) return null;
  const lows = ties.map((tie) => tie.tMs + wallMs - tie.wallMs);
  const highs = ties.map((tie) => tie.arrivalMs + wallMs - tie.wallMs);
  return { lo: Math.min(...lows) - marginMs, hi: Math.max(...highs) + marginMs };
}

/** The best grade and what it says of the time of an entry. `around`: the pushes that `tiesAround` gives; of an entry that a
 * file brought it is empty, and `last` is the last push before. */
export function estimate(at: Claim, ties: readonly Tie[], around: readonly Tie[], last: Tie | null): [Grade, Span | null] {
  const anchored = at.boot !== null && at.upMs !== null ? bootSpan(ties, at.boot, at.upMs) : null;
  if (anchored) return ["anchored", anchored];
  if (at.boot === null && around.length > 0) return ["offset", wallSpan(at.wallMs, around, WALL_MS)];
  return ["claimed", wallSpan(at.wallMs, last ? [last] : [], FILE_MS)];
}

/** The last push that had not heard of entry `n`: its T is before the entry. */
export function floorOf(floors: readonly Floor[], n: number): Floor | null {
  return floors.filter((floor) => floor.known < n).reduce<Floor | null>((best, one) => (best && best.tMs >= one.tMs ? best : one), null);
}

/** The intervals of entries of one stream, in the order of their numbers (SPEC: Time, rules 1–4).
 *
 * 1 the estimate, cut to the provable bounds; the order in the chain tightens those; 2 where that leaves nothing, the
 * provable bounds, in doubt; 3 the order tightens by provable bounds and by anchored intervals: of two in the wrong order the
 * one that is not anchored is in doubt, both, if neither or both are; 4 where bounds contradict each other: the receipt, and
 * the T of the last push that had not heard of it.
 */
export function settle(entries: readonly Written[]): Interval[] {
  const settled: Interval[] = [];
  for (let first = 0, i = 1; i <= entries.length; i += 1) {
    if (i < entries.length && entries[i]!.follows) continue;
    settled.push(...settleRun(entries.slice(first, i)));
    first = i;
  }
  return settled;
}

function settleRun(run: readonly Written[]): Interval[] {
  const contradicts = run.map(({ notBeforeMs, notAfterMs, estimate }) => notBeforeMs > notAfterMs || (!!estimate && isEmpty(estimate)));
  const proved = provedSpans(run, contradicts);
  const broken = proved.map((span, i) => contradicts[i]! || isEmpty(span));
  const cuts = run.map(({ estimate }, i) => (estimate && !broken[i] ? cut(estimate, proved[i]!) : proved[i]!));
  const doubts = cuts.map((span, i) => broken[i]! || isEmpty(span));
  const believed = cuts.map((span, i) => (doubts[i] ? proved[i]! : span));
  const anchored = run.map((entry) => entry.grade === "anchored");
  doubtWrongOrder(believed, doubts, anchored);
  const order = ordered(believed, anchored.map((isAnchored, i) => isAnchored && !doubts[i]));
  return run.map(({ grade, floorMs, notAfterMs }, i) => {
    if (broken[i]) return intervalOf({ lo: Math.min(floorMs, notAfterMs), hi: notAfterMs }, grade, true);
    const span = doubts[i] ? proved[i]! : believed[i]!;
    const tightened = cut(span, order[i]!);
    return intervalOf(isEmpty(tightened) ? span : tightened, grade, doubts[i]!);
  });
}

/** Mark the entries that lie in the wrong order by more than their bounds: anchored ones by each other, the others by the
 * anchored ones and by each other. */
function doubtWrongOrder(spans: readonly Span[], doubts: boolean[], anchored: readonly boolean[]): void {
  for (const [of, by] of [[true, true], [false, true], [false, false]] as const) {
    const order = ordered(spans, anchored.map((isAnchored, i) => isAnchored === by && !doubts[i]));
    spans.forEach((span, i) => {
      const { lo: after, hi: before } = order[i]!;
      if (anchored[i] === of && !doubts[i]) doubts[i] = span.lo > before || span.hi < after;
    });
  }
}

/** For each entry, the greatest lower bound of those up to it and the least upper bound of those from it on, over the entries
 * that count. */
function ordered(spans: readonly Span[], counts: readonly boolean[]): Span[] {
  const bounds = spans.map((span, i) => (counts[i] ? span : { lo: UNKNOWN_MS, hi: NEVER_MS }));
  const lows = accumulated(bounds.map(({ lo }) => lo), Math.max);
  const highs = accumulated(bounds.map(({ hi }) => hi).reverse(), Math.min).reverse();
  return lows.map((lo, i) => ({ lo, hi: highs[i]! }));
}

function accumulated(values: readonly number[], choose: (a: number, b: number) => number): number[] {
  let so = values[0] ?? 0;
  return values.map((value) => (so = choose(so, value)));
}

/** The provable bounds of each entry, tightened by those of the entries before and after it. */
function provedSpans(run: readonly Written[], broken: readonly boolean[]): Span[] {
  const own = run.map(({ notBeforeMs, notAfterMs }) => ({ lo: notBeforeMs, hi: notAfterMs }));
  const order = ordered(own, broken.map((isBroken) => !isBroken));
  return own.map((span, i) => (broken[i] ? span : cut(span, order[i]!)));
}

function intervalOf({ lo, hi }: Span, grade: Grade, doubt: boolean): Interval {
  return { earliestMs: lo, latestMs: hi, grade, doubt };
}

function cut(a: Span, b: Span): Span {
  return { lo: Math.max(a.lo, b.lo), hi: Math.min(a.hi, b.hi) };
}

function isEmpty({ lo, hi }: Span): boolean {
  return lo > hi;
}
