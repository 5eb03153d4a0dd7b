// The same cases judge the server's rule: tests/field_app/test_coverage_is_the_servers.py.

import { describe, expect, it } from "vitest";
import { weigh } from "./coverage";
import written from "./coverage_cases.json";

type PassRow = [worker: string, direction: string, earliest: number, latest?: number];
type ReadingRow = [worker: string, slot: string, earliest: number, latest?: number, observed?: number];
interface Case {
  name: string;
  window: "before" | "after";
  share: number;
  passes: PassRow[];
  readings: ReadingRow[];
  only?: string[];
  without?: string[];
  fulfilled: string;
  surely: string[];
  maybe?: string[];
  measured: string[];
}

describe("coverage", () => {
  it.each(written.cases as unknown as Case[])("$name", (given) => {
    const { opens, due, deadline, closes, admits } = written.windows[given.window];
    const span = { dayStartsMs: 0, opensMs: opens, dueMs: due, deadlineMs: deadline, closesMs: closes, admits };
    const passes = given.passes.map(([worker, direction, lo, hi = lo]) => ({ worker, direction, earliestMs: lo, latestMs: hi }));
    const readings = given.readings.map(([worker, slot, lo, hi = lo, observedMs]) => ({
      ...{ worker, slot, earliestMs: lo, latestMs: hi },
      observedMs: observedMs ?? null,
    }));
    const only = given.only ? new Set(given.only) : null;
    const found = weigh(passes, readings, span, given.share, only, new Set(given.without));
    expect(found.fulfilled).toBe(given.fulfilled);
    expect([...found.surely].sort()).toEqual([...given.surely].sort());
    expect([...found.maybe].sort()).toEqual([...(given.maybe ?? given.surely)].sort());
    const counted = given.fulfilled === "none" ? found.surely : found.maybe;
    expect([...counted].filter((worker) => found.certain.has(worker)).sort()).toEqual([...given.measured].sort());
  });

  it("looks at each sign some times, however many people there are", () => {
    let looks = 0;
    const people = Array.from({ length: 1000 }, (_, i) => `w${i}`);
    const counted = <T extends object>(name: string, sign: T) => Object.defineProperty(sign, "worker", { get: () => ((looks += 1), name) }) as T & { worker: string };
    const passes = people.map((name) => counted(name, { direction: "in", earliestMs: 1, latestMs: 1 }));
    const readings = people.map((name) => counted(name, { slot: "before_work", earliestMs: 5, latestMs: 5, observedMs: null }));
    const span = { dayStartsMs: 0, opensMs: 2, dueMs: 9, deadlineMs: 9, closesMs: 9, admits: [] };
    expect(weigh(passes, readings, span, 0.95).fulfilled).toBe("timely");
    expect(looks).toBeLessThan(10 * people.length);
  });
});
