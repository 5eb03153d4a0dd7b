import { expect, test } from "vitest";
import type { Due, Standing } from "./duties";
import { BEFORE_MS, isAnyNear, nearDeadlines, readyForRetest } from "./reminders";
import type { Retest } from "./temperature";

const NOW = Date.UTC(2026, 10, 23);
const due = (standing: Standing, dueMs: number) => ({ standing, dueMs }) as Due;

test("what is due soon and not done is reminded of, the most urgent first", () => {
  const [late, soon, far] = [due("due", NOW + BEFORE_MS), due("due", NOW + 1), due("due", NOW + BEFORE_MS + 1)];
  expect(nearDeadlines([late, soon, far, due("recorded", NOW + 1), due("overdue", NOW - 1), due("later", NOW + 1)], NOW)).toEqual([soon, late]);
  expect(isAnyNear([NOW - 1, NOW + BEFORE_MS], NOW)).toBe(true);
  expect(isAnyNear([NOW, NOW + BEFORE_MS + 1], NOW)).toBe(false);
});

test("whoever has waited long enough is called for the retest, and nobody whose retest is over", () => {
  const retest = (worker: string, lastMs: number, readings: number[]): [string, Retest] => [worker, { worker, startedMs: lastMs, lastMs, readings, early: 0 }];
  const going = new Map([retest("waits", NOW - 60_000, [37.8]), retest("ready", NOW - 300_000, [37.8]), retest("longer", NOW - 400_000, [37.8]), retest("over", NOW - 500_000, [37.8, 36.5, 36.5])]);
  expect(readyForRetest(going, NOW).map(({ worker }) => worker)).toEqual(["longer", "ready"]);
});
