// What an inspector is reminded of: work whose deadline is near and that is not done, and people whose wait for a retest is over.

import type { Due } from "./duties";
import { isDone, type Retest, waitMs } from "./temperature";

export const BEFORE_MS = 30 * 60_000; // before a deadline: time enough to go there

/** What is to be done now and not done, the most urgent first. */
export function nearDeadlines(due: readonly Due[], nowMs: number): Due[] {
  const isNear = ({ standing, dueMs }: Due) => standing === "due" && dueMs - nowMs <= BEFORE_MS;
  return due.filter(isNear).sort((a, b) => a.dueMs - b.dueMs);
}

/** Whether any window might be reminded of: without reading what was done. */
export function isAnyNear(dueMs: readonly number[], nowMs: number): boolean {
  return dueMs.some((one) => one > nowMs && one - nowMs <= BEFORE_MS);
}

/** Who may be measured again now, who has waited longest first. */
export function readyForRetest(going: ReadonlyMap<string, Retest>, nowMs: number): Retest[] {
  const ready = [...going.values()].filter((retest) => !isDone(retest) && waitMs(retest, nowMs) === 0);
  return ready.sort((a, b) => a.lastMs - b.lastMs);
}
