// Whether the people who were there were measured: the server's own rule (server/rules/duties/coverage.py), as far as a tablet can
// know. Both are judged by the cases in coverage_cases.json. Times are intervals: everybody who may have been there has to be
// measured for certain, and only who certainly was there and certainly was not measured is missed.

/** A gate pass within [`earliestMs`, `latestMs`]. */
export interface Pass {
  worker: string;
  direction: string;
  earliestMs: number;
  latestMs: number;
}

/** A reading within [`earliestMs`, `latestMs`], or another record that duties ask of everybody. `observedMs` (补录): when its author
 * says that it was taken. */
export interface Reading {
  worker: string;
  slot: string;
  earliestMs: number;
  latestMs: number;
  observedMs: number | null;
}

/** The times of a coverage window. `dayStartsMs`: from when passes and readings show who is there that day. */
export interface Span {
  dayStartsMs: number;
  opensMs: number;
  dueMs: number;
  deadlineMs: number;
  closesMs: number;
  admits: readonly string[]; // slots of readings that count; empty: any
}

/** How an interval relates to a window; null: wholly outside. */
export type Fit = "timely" | "late" | "uncertain" | null;

export interface Evidence {
  fulfilled: "none" | "timely" | "late" | "backfilled" | "uncertain";
  surely: ReadonlySet<string>; // who certainly was there
  maybe: ReadonlySet<string>; // who may have been there, those among them
  certain: ReadonlySet<string>; // who certainly was measured, also of others
}

const AT_THE_GATE = ["entry", "retest"]; // slots of readings that prove nobody's presence after the person was sent out

type Window = Pick<Span, "opensMs" | "dueMs" | "deadlineMs" | "closesMs">;
type Times = Pick<Pass, "earliestMs" | "latestMs">;

export function fit(when: Times, window: Window): Fit {
  const { earliestMs, latestMs } = when;
  const endMs = Math.max(window.closesMs, window.deadlineMs);
  if (latestMs < window.opensMs || earliestMs >= endMs) return null;
  if (isInside(when, window)) return earliestMs <= window.dueMs ? "timely" : "late";
  return earliestMs > Math.min(window.dueMs, window.deadlineMs - 1) && latestMs < endMs ? "late" : "uncertain";
}

/** Whether an interval lies wholly in the time that a window asks for. */
function isInside({ earliestMs, latestMs }: Times, window: Window): boolean {
  return earliestMs >= window.opensMs && latestMs < window.deadlineMs;
}

/** Who was there: everybody who came in or was measured that day up to the deadline, without those whose last pass before
 * the window opens is `out` and who neither came back nor were measured in it; nor is who was measured at the gate and sent
 * out. Where a time is uncertain, `surely` takes it as if nothing spoke for the presence, `maybe` as if everything did. */
export function present(passes: readonly Pass[], readings: readonly Reading[], span: Span): { surely: Set<string>; maybe: Set<string> } {
  const surely = new Set<string>();
  const maybe = new Set<string>();
  // Grouped once: to look for each person's own among all would take seconds for thousands of people.
  const [passesOf, readingsOf] = [byWorker(passes), byWorker(readings)];
  for (const worker of new Set([...passesOf.keys(), ...readingsOf.keys()])) {
    const own = [passesOf.get(worker) ?? [], readingsOf.get(worker) ?? []] as const;
    const isSure = wasThere(...own, span, true);
    if (isSure) surely.add(worker);
    if (isSure || wasThere(...own, span, false)) maybe.add(worker);
  }
  return { surely, maybe };
}

function byWorker<T extends { worker: string }>(signs: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of signs) {
    const group = groups.get(one.worker);
    if (group) group.push(one);
    else groups.set(one.worker, [one]);
  }
  return groups;
}

function wasThere(passes: readonly Pass[], readings: readonly Reading[], span: Span, isCertain: boolean): boolean {
  const { dayStartsMs, opensMs, deadlineMs } = span;
  const ins = passes.filter((one) => one.direction === "in");
  const outs = passes.filter((one) => one.direction === "out");
  const wasSentOut = outs.some((one) => lies(one, dayStartsMs, deadlineMs, !isCertain));
  const signs: Times[] = ins.filter((one) => lies(one, dayStartsMs, deadlineMs, isCertain));
  for (const reading of readings) {
    const when = reading.observedMs === null ? reading : { earliestMs: reading.observedMs, latestMs: reading.observedMs };
    const proves = !(wasSentOut && AT_THE_GATE.includes(reading.slot));
    if (proves && lies(when, dayStartsMs, deadlineMs, isCertain)) signs.push(when);
  }
  if (signs.length === 0 || signs.some((one) => lies(one, opensMs, deadlineMs, isCertain))) return signs.length > 0;
  return !outs.some((one) => hasLeft(one, ins, span, isCertain));
}

function lies({ earliestMs, latestMs }: Times, fromMs: number, toMs: number, isSurely: boolean): boolean {
  return isSurely ? fromMs <= earliestMs && latestMs <= toMs : fromMs <= latestMs && earliestMs <= toMs;
}

/** Whether an `out` before the window opens was the last pass before it. To say that somebody certainly was there, it is
 * enough that it may have been; of two at the same moment the `out` comes last, because it is the end of a visit. */
function hasLeft(out: Pass, ins: readonly Pass[], { dayStartsMs, opensMs }: Span, isCertain: boolean): boolean {
  if (isCertain) {
    const isBefore = out.latestMs >= dayStartsMs && out.earliestMs < opensMs;
    return isBefore && !ins.some((back) => back.earliestMs > out.latestMs && back.latestMs < opensMs);
  }
  const isBefore = out.earliestMs >= dayStartsMs && out.latestMs < opensMs;
  return isBefore && !ins.some((back) => back.latestMs > out.earliestMs && back.earliestMs < opensMs);
}

/** Whether so many of these people were measured that it is enough. Where nobody is needed, nothing is shown. */
export function isMet(people: ReadonlySet<string>, measured: ReadonlySet<string>, share: number): boolean {
  const have = [...people].filter((worker) => measured.has(worker)).length;
  return people.size > 0 && have >= Math.ceil(share * people.size - 1e-9);
}

/** What passes and readings say about one window. `only`: the staff for whom the duty is alone; `without`: those whom
 * another duty measures; `records`: what is asked for instead of readings, which does not show that somebody was there. The
 * best of three answers counts: timely readings, with late ones, with those that were written down later; where it takes
 * uncertain readings or presences, it is `uncertain`. */
export function weigh(
  passes: readonly Pass[],
  readings: readonly Reading[],
  span: Span,
  share: number,
  only: ReadonlySet<string> | null = null,
  without: ReadonlySet<string> = new Set(),
  records: readonly Reading[] = readings,
): Evidence {
  const there = present(passes, readings, span);
  const isAsked = (worker: string) => !without.has(worker) && (!only || only.has(worker));
  const surely = new Set([...there.surely].filter(isAsked));
  const maybe = new Set([...there.maybe].filter(isAsked));
  const by = measuredBy(records, span);
  const answers = [
    ["timely", by.timely],
    ["late", union(by.timely, by.late)],
    ["backfilled", union(by.timely, by.late, by.backfilled)],
  ] as const;
  const certain = answers[2][1];
  const found = answers.find(([, known]) => isMet(maybe, known, share))?.[0];
  const mayBe = maybe.size > 0 && (surely.size === 0 || isMet(surely, union(certain, by.uncertain), share));
  return { fulfilled: found ?? (mayBe ? "uncertain" : "none"), surely, maybe, certain };
}

/** Who has a reading that counts: in time, after `due`, written down later; and who one that may count. */
function measuredBy(readings: readonly Reading[], span: Span): Record<NonNullable<Fit> | "backfilled", Set<string>> {
  const found = { timely: new Set<string>(), late: new Set<string>(), backfilled: new Set<string>(), uncertain: new Set<string>() };
  for (const reading of readings) {
    if (span.admits.length > 0 && !span.admits.includes(reading.slot)) continue;
    const how = fitOf(reading, span);
    if (how) found[how].add(reading.worker);
  }
  return found;
}

/** The same of what may have been written down later: then it counts when its author says, as `backfilled`, unless it was
 * written in the very window in which it was done. */
export function fitOf(when: Times & { observedMs: number | null }, window: Window): Fit | "backfilled" {
  const { observedMs } = when;
  if (observedMs === null) return fit(when, window);
  const said = { earliestMs: observedMs, latestMs: observedMs };
  if (!fit(said, window)) return null;
  return isInside(when, window) && isInside(said, window) ? fit(when, window) : "backfilled";
}

function union(...sets: ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap((set) => [...set]));
}
