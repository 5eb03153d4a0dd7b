// One ring a site: how much of the day is done. It is green only when nothing and nobody is missing, today and at this site.

import type { Due } from "./duties";

export type Look = "good" | "calm" | "warn" | "bad";

export interface Ring {
  done: number; // windows
  total: number;
  share: number; // of the day, with parts of windows in which people are counted
  look: Look;
  nextMs: number | null; // by when the first of what is missing now is due
}

/** What is missing besides windows. */
export interface Waiting {
  retests: number;
  cases: number; // to be opened, or not reported everywhere
  untested: number; // newcomers
}

const MADE = ["done", "recorded"];
const LEAST_LEFT = 0.02; // of the ring, however little is missing: nearly everything is not everything

/** Null where the day asks for nothing. What is open and may be done on a later day too (of weeks and months) is left out until
 * the day on which it is due. */
export function ringOf(all: readonly Due[], waiting: Waiting, dayEndsMs: number): Ring | null {
  const due = all.filter(({ standing, dueMs }) => dueMs <= dayEndsMs || !["due", "later"].includes(standing));
  const others = waiting.retests + waiting.cases + waiting.untested;
  if (due.length === 0 && others === 0) return null;
  const missing = due.filter(({ standing }) => !MADE.includes(standing));
  const now = missing.filter(({ standing }) => standing !== "later");
  const parts = due.map((one) => (MADE.includes(one.standing) ? 1 : one.needed > 0 ? Math.min(one.done / one.needed, 1) : 0));
  const share = due.length === 0 ? 0 : parts.reduce((sum, one) => sum + one, 0) / due.length;
  const isWhole = missing.length === 0 && others === 0;
  const open = now.filter(({ standing }) => standing === "due" || standing === "overdue");
  return {
    ...{ done: due.length - missing.length, total: due.length, share: isWhole ? 1 : Math.min(share, 1 - LEAST_LEFT) },
    look: isWhole ? "good" : lookOf(now, waiting),
    nextMs: open.length > 0 ? Math.min(...open.map(({ dueMs }) => dueMs)) : null,
  };
}

function lookOf(now: readonly Due[], { retests, cases, untested }: Waiting): Look {
  if (cases > 0 || now.some(({ standing }) => standing === "overdue" || standing === "closed")) return "bad";
  return now.length + retests + untested > 0 ? "warn" : "calm";
}
