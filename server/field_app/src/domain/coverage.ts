// Whether the people who were there were measured: the server's own rule (server/rules/coverage.py), word for word.
// Both are judged by the cases in coverage_cases.json.

export interface Pass {
  worker: string;
  direction: string;
  eventMs: number;
}

export interface Reading {
  worker: string;
  slot: string;
  atMs: number;
  backfilled: boolean;
}

/** The times of a coverage window. `dayStartsMs`: from when passes and readings tell who is there that day. */
export interface Span {
  dayStartsMs: number;
  opensMs: number;
  deadlineMs: number;
  closesMs: number;
  admits: readonly string[]; // slots of readings that count; empty: any
}

export interface Evidence {
  fulfilled: "none" | "timely" | "late" | "backfilled";
  needed: ReadonlySet<string>;
  measured: ReadonlySet<string>; // of those who are needed
}

/** Who was there: everybody who came in or was measured that day up to the deadline, without those whose last pass before
 * the window opens is `out` and who neither came back nor were measured in it. */
export function present(passes: readonly Pass[], readings: readonly Reading[], span: Span): Set<string> {
  const atOpening = new Map<string, string>();
  const seen = new Set<string>();
  const inWindow = new Set<string>();
  for (const { worker, direction, eventMs } of [...passes].sort(inOrder)) {
    if (eventMs < span.dayStartsMs || eventMs > span.deadlineMs) continue;
    if (direction === "in") seen.add(worker);
    if (eventMs < span.opensMs) atOpening.set(worker, direction);
    else if (direction === "in") inWindow.add(worker);
  }
  for (const { worker, atMs } of readings) {
    if (atMs < span.dayStartsMs || atMs > span.deadlineMs) continue;
    seen.add(worker);
    if (atMs >= span.opensMs) inWindow.add(worker);
  }
  return new Set([...seen].filter((worker) => atOpening.get(worker) !== "out" || inWindow.has(worker)));
}

/** Whether so many measured are enough. Where nobody is needed, nothing is shown. */
export function isMet(need: number, have: number, share: number): boolean {
  return need > 0 && have >= Math.ceil(share * need - 1e-9);
}

/** What passes and readings say about one window. `only`: the staff for whom the duty is alone; `without`: those whom
 * another duty measures. The best of three answers counts: timely readings, with late ones, with backfilled ones. */
export function weigh(
  passes: readonly Pass[],
  readings: readonly Reading[],
  span: Span,
  share: number,
  only: ReadonlySet<string> | null = null,
  without: ReadonlySet<string> = new Set(),
): Evidence {
  const there = [...present(passes, readings, span)];
  const needed = new Set(there.filter((worker) => !without.has(worker) && (!only || only.has(worker))));
  const admitted = readings.filter((reading) => isAdmitted(reading, span));
  const timely = admitted.filter((reading) => !reading.backfilled && reading.atMs <= span.deadlineMs);
  const measuredBy = (some: readonly Reading[]) => new Set(some.map(({ worker }) => worker).filter((worker) => needed.has(worker)));
  const answers = [
    ["timely", timely],
    ["late", admitted.filter((reading) => !reading.backfilled)],
    ["backfilled", admitted],
  ] as const;
  const found = answers.find(([, some]) => isMet(needed.size, measuredBy(some).size, share));
  return { fulfilled: found?.[0] ?? "none", needed, measured: measuredBy(admitted) };
}

/** Whether a reading may count for the window, in time or late. */
export function isAdmitted({ slot, atMs }: Reading, span: Span): boolean {
  if (span.admits.length > 0 && !span.admits.includes(slot)) return false;
  return atMs >= span.opensMs && atMs < Math.max(span.closesMs, span.deadlineMs + 1);
}

/** By time; of two at the same moment the `out` comes last, because it is the end of a visit. */
function inOrder(a: Pass, b: Pass): number {
  return a.eventMs - b.eventMs || a.direction.localeCompare(b.direction);
}
