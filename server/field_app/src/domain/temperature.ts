// What a reading means before the server has seen it, and how far a retest has come.

import { contracts, rule, versionsOf } from "../contracts";
import { localDate, localTime } from "../protocol/time";
import { isStanding, type Item } from "../store/view";
import { READING } from "./code_kinds";
import { type DutySlot, inForce, slotsOn } from "./dated";

export type Verdict = "incomplete" | "impossible" | "implausible" | "fever" | "normal";

const CELSIUS = contracts.kinds[READING]!.fields["celsius"]!.checks.find((one) => one.rule === "range");
export const IMPOSSIBLE = CELSIUS?.message ?? "";

/** Three digits as they are typed: `365` is 36.5. */
export function celsiusOf(digits: string): number | null {
  return digits.length === 3 ? Number(digits) / 10 : null;
}

export function verdict(celsius: number | null, isTooHigh: (celsius: number) => boolean = isFever): Verdict {
  if (celsius === null) return "incomplete";
  if (CELSIUS?.rule === "range" && (celsius < CELSIUS.low || celsius > CELSIUS.high)) return "impossible";
  // A question, not a limit: outside, a thermometer is more likely wrong than a person is.
  if (celsius < rule("plausible_celsius_low").value || celsius > rule("plausible_celsius_high").value) return "implausible";
  return isTooHigh(celsius) ? "fever" : "normal";
}

/** Whether a reading is measured again. It is not the number by which the gate refuses people. */
export function isFever(celsius: number, atMs = Date.now()): boolean {
  const neverBelow = Math.min(...versionsOf("retest_above").map(({ value }) => value)); // whatever the day
  return celsius > neverBelow && celsius > rule("retest_above", localDate(atMs)).value;
}

/** Whether nobody with this reading is let in. */
export function isRefused(celsius: number): boolean {
  return celsius >= rule("entry_refused_from").value;
}

/** The readings that decide about a person: begun by a high one, ended by three, or as soon as enough of them are high. */
export interface Retest {
  worker: string;
  startedMs: number;
  lastMs: number;
  readings: number[]; // the one that began it is the first
  early: number; // of them were taken before the wait was over
}

export function retests(checks: readonly Item[]): Map<string, Retest> {
  const open = new Map<string, Retest>();
  for (const { body, timeMs } of inOrder(checks)) {
    const worker = String(body["worker"]);
    const celsius = Number(body["celsius"]);
    const going = open.get(worker);
    if (body["slot"] === "retest") {
      if (going && !isDone(going)) open.set(worker, { ...going, lastMs: timeMs, readings: [...going.readings, celsius], early: going.early + (waitMs(going, timeMs) > 0 ? 1 : 0) });
    } else if (isFever(celsius, timeMs) && (!going || isDone(going))) {
      open.set(worker, { worker, startedMs: timeMs, lastMs: timeMs, readings: [celsius], early: 0 });
    }
  }
  return open;
}

export function isDone(retest: Retest): boolean {
  return isHigh(retest) || retest.readings.length >= rule("retest_readings").value;
}

/** Whether enough of the readings were high: the person is isolated, and a case is started. */
export function isHigh({ readings, startedMs }: Retest): boolean {
  return readings.filter((celsius) => isFever(celsius, startedMs)).length >= rule("retest_high_of_three").value;
}

/** How long to wait before the next reading says anything; 0 when it is time. */
export function waitMs(retest: Retest, nowMs: number): number {
  return Math.max(0, retest.lastMs + rule("retest_wait_min").value * 60_000 - nowMs);
}

/** What is said of readings that were taken before the wait was over; "" where there are none. */
export function earlyText({ early }: Retest): string {
  return early > 0 ? `${early} 次复测未满 ${rule("retest_wait_min").value} 分钟` : "";
}

/** The last reading of each person in a slot. */
export function readings(checks: readonly Item[], slot: string): Map<string, Item> {
  return new Map(inOrder(checks).filter((item) => item.body["slot"] === slot).map((item) => [String(item.body["worker"]), item]));
}

/** Which slot it is: the one that opened last, for a reading taken before a slot opens would not count in it. */
export function slotAt(ms: number, duties: readonly Item[]): string {
  const slots = readingSlots(duties, localDate(ms));
  return (slots.filter((slot) => slot.opens <= localTime(ms)).at(-1) ?? slots[0])?.slot ?? "";
}

/** The slots of a day in which everybody is measured, in the order in which they open. */
function readingSlots(duties: readonly Item[], day: string): DutySlot[] {
  const codes = [...new Set(duties.map(({ body }) => String(body["code"])))];
  const asks = (code: string) => {
    const body = inForce(duties, code, day)?.body;
    return body?.["judging"] === "coverage" && body["kind"] === READING && !body["staff"];
  };
  return codes.filter(asks).flatMap((code) => slotsOn(duties, code, day)).sort((a, b) => a.opens.localeCompare(b.opens));
}

function inOrder(checks: readonly Item[]): Item[] {
  return checks.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs);
}
