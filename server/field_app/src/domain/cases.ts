// Cases (个案): what of them is not reported yet, and how long there is. The limits are rules with dates.

import { rule, type Rule } from "../contracts";
import { writtenMs } from "../protocol/ids";
import { localDate } from "../protocol/time";
import type { Item } from "../store/view";
import { isDone, isHigh, type Retest } from "./temperature";

/** To whom a case is reported, in the order of the form. */
export const REPORTS = ["community_reported", "headquarters_reported", "bureau_reported"] as const;

export type Urgency = "good" | "warn" | "bad";

export interface Case {
  item: Item;
  worker: string;
  openedMs: number;
  isOpen: boolean;
  missing: string[]; // reports that were not made
  limitMs: number; // by when they have to be
  limit: Rule;
  warnMs: number;
}

export function caseOf(item: Item): Case {
  const openedMs = item.timeMs || writtenMs(item.id);
  const limit = rule("case_report_h", localDate(openedMs));
  const missing = REPORTS.filter((name) => !item.body[name]);
  return {
    ...{ item, worker: String(item.body["worker"]), openedMs, missing, limit },
    isOpen: !item.body["outcome"] && item.body["voided"] !== true,
    limitMs: openedMs + limit.value * HOUR_MS,
    warnMs: openedMs + rule("case_report_warn_h", localDate(openedMs)).value * HOUR_MS,
  };
}

/** The cases that need an action, the most urgent first: unreported ones by their deadline, then the others. */
export function openCases(items: readonly Item[]): Case[] {
  const open = items.map(caseOf).filter((one) => one.isOpen);
  return open.sort((a, b) => Math.sign(b.missing.length) - Math.sign(a.missing.length) || a.limitMs - b.limitMs);
}

export function urgency(one: Case, nowMs: number): Urgency {
  if (one.missing.length === 0) return "good";
  return nowMs >= one.warnMs ? "bad" : "warn";
}

/** Fevers of today that need a case and have none: nobody pressed the key, or the tablet was switched off. */
export function withoutCase(going: ReadonlyMap<string, Retest>, items: readonly Item[]): Retest[] {
  const cases = items.filter((item) => item.body["voided"] !== true).map(caseOf);
  const hasCase = (retest: Retest) => cases.some((one) => one.worker === retest.worker && (one.isOpen || one.openedMs >= retest.startedMs));
  return [...going.values()].filter((retest) => isDone(retest) && isHigh(retest) && !hasCase(retest));
}

const HOUR_MS = 3600_000;
