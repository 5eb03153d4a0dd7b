// The same cases judge the server's rule: tests/field_app/test_coverage_is_the_servers.py.

import { describe, expect, it } from "vitest";
import { weigh } from "./coverage";
import written from "./coverage_cases.json";

type Row = [string, string, number, boolean?];
interface Case {
  name: string;
  window: "before" | "after";
  share: number;
  passes: Row[];
  readings: Row[];
  only?: string[];
  without?: string[];
  fulfilled: string;
  needed: string[];
  measured: string[];
}

describe("coverage", () => {
  it.each(written.cases as unknown as Case[])("$name", (given) => {
    const { opens, deadline, closes, admits } = written.windows[given.window];
    const span = { dayStartsMs: 0, opensMs: opens, deadlineMs: deadline, closesMs: closes, admits };
    const passes = given.passes.map(([worker, direction, eventMs]) => ({ worker, direction, eventMs }));
    const readings = given.readings.map(([worker, slot, atMs, backfilled = false]) => ({ worker, slot, atMs, backfilled }));
    const only = given.only ? new Set(given.only) : null;
    const found = weigh(passes, readings, span, given.share, only, new Set(given.without));
    expect(found.fulfilled).toBe(given.fulfilled);
    expect([...found.needed].sort()).toEqual([...given.needed].sort());
    expect([...found.measured].sort()).toEqual([...given.measured].sort());
  });
});
