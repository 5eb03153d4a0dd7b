// Whoever is new on a site brings a negative test that was taken shortly before the first way in. As server/rules/newcomers.py.

import { addDays, localDate } from "../protocol/time";
import { choicesOf, type Form, fieldOf } from "./form";

export interface Stay {
  since: string; // local date
  until: string | null; // the last one; null while he is there
}

export interface Sample {
  atMs: number;
  isNegative: boolean;
}

/** `entriesMs`: the ways in that are known; `withinMs`: how old a sample may be; `newDays`: so long after the roster's date
 * somebody is new. */
export interface Newcomer {
  stays: readonly Stay[];
  entriesMs: readonly number[];
  samples: readonly Sample[];
}

const HOUR_MS = 3_600_000;
export const NEGATIVE = "negative";

/** Whether a form says of somebody when a sample was taken and whether it is negative; one of a case belongs to that. */
export function isOfTests(form: Form): boolean {
  const result = fieldOf(form, "result");
  return !fieldOf(form, "parent") && !!fieldOf(form, "worker") && !!fieldOf(form, "started") && !!result && choicesOf(form, result).some(({ name }) => name === NEGATIVE);
}

/** Since when somebody is on the site: the last day of coming before which he was not there; "" for never. */
export function newSince(stays: readonly Stay[], day: string): string {
  const wasThere = (before: string) => stays.some(({ since, until }) => since && since <= before && (until === null || until >= before));
  const days = stays.map(({ since }) => since).filter((since) => since && since <= day && !wasThere(addDays(since, -1)));
  return days.sort().at(-1) ?? "";
}

/** Whether somebody is new who comes in now, or came in for the first time today, and has no test of the time before. */
export function lacksTest({ stays, entriesMs, samples }: Newcomer, nowMs: number, withinH: number, newDays: number): boolean {
  const today = localDate(nowMs);
  const since = newSince(stays, today);
  if (!since || today > addDays(since, newDays)) return false;
  const first = Math.min(nowMs, ...entriesMs.filter((ms) => localDate(ms) >= since));
  if (localDate(first) !== today) return false;
  return !samples.some(({ atMs, isNegative }) => isNegative && atMs <= first && atMs >= first - withinH * HOUR_MS);
}
