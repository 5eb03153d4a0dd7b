// What a reading means before the server has seen it, and how far a retest has come.

import { contracts, rule } from "../contracts";
import type { Item } from "../store/view";

// A question, not a limit: outside, a thermometer is more likely wrong than a person is.
const PLAUSIBLE = { low: 35.0, high: 42.0 };
export const RETESTS = 3;

export type Verdict = "incomplete" | "impossible" | "implausible" | "fever" | "normal";

export const FEVER = rule("fever_celsius");
export const RETEST_WAIT = rule("retest_wait_min");
export const RETEST_HIGH = rule("retest_high_of_three");

const CELSIUS = contracts.kinds["temperature_check"]!.fields["celsius"]!.checks.find((one) => one.rule === "range");
export const IMPOSSIBLE = CELSIUS?.message ?? "";

/** Three digits as they are typed: `365` is 36.5. */
export function celsiusOf(digits: string): number | null {
  return digits.length === 3 ? Number(digits) / 10 : null;
}

export function verdict(celsius: number | null): Verdict {
  if (celsius === null) return "incomplete";
  if (CELSIUS?.rule === "range" && (celsius < CELSIUS.low || celsius > CELSIUS.high)) return "impossible";
  if (celsius < PLAUSIBLE.low || celsius > PLAUSIBLE.high) return "implausible";
  return celsius >= FEVER.value ? "fever" : "normal";
}

/** The retest that a person is in: begun by a high reading today, ended by three readings. */
export interface Retest {
  worker: string;
  startedMs: number;
  first: number;
  readings: number[];
}

export function retests(checks: readonly Item[]): Map<string, Retest> {
  const open = new Map<string, Retest>();
  for (const item of inOrder(checks)) {
    const worker = String(item.body["worker"]);
    const celsius = Number(item.body["celsius"]);
    const going = open.get(worker);
    if (item.body["slot"] === "retest") {
      if (going && going.readings.length < RETESTS) going.readings.push(celsius);
    } else if (celsius >= FEVER.value && (!going || going.readings.length >= RETESTS)) {
      open.set(worker, { worker, startedMs: item.timeMs, first: celsius, readings: [] });
    }
  }
  return open;
}

export function isDone(retest: Retest): boolean {
  return retest.readings.length >= RETESTS;
}

/** Whether enough of the readings were high: the person is isolated, and the case reported. */
export function isHigh(retest: Retest): boolean {
  return retest.readings.filter((celsius) => celsius >= FEVER.value).length >= RETEST_HIGH.value;
}

/** The last reading of each person in a slot. */
export function readings(checks: readonly Item[], slot: string): Map<string, Item> {
  return new Map(inOrder(checks).filter((item) => item.body["slot"] === slot).map((item) => [String(item.body["worker"]), item]));
}

/** Which slot it is now, by the hour. */
export function slotAt(time: string): string {
  return time < "12:00" ? "before_work" : "after_work";
}

function inOrder(checks: readonly Item[]): Item[] {
  const standing = checks.filter((item) => item.body["voided"] !== true && !item.body["amended_by"]);
  return standing.sort((a, b) => a.timeMs - b.timeMs);
}
