// When a fact happened, as well as is known: what the server says of one that was pulled.

import type { Body } from "../protocol/entry";
import { parseMs } from "../protocol/time";

const SHOWN_FROM_MS = 60_000; // times are shown to the minute
const HOUR_MS = 3600_000;

/** The moment at which a pulled fact counts: that at which it was observed, for one that was written down later, but not after
 * it was written; else the server's estimate. Null where it says none. */
export function eventMs(body: Body): number | null {
  const { time, latest } = servedAt(body);
  const observedMs = parseMs(body["observed"]);
  return observedMs === null ? parseMs(time) : Math.min(observedMs, parseMs(latest) ?? observedMs);
}

/** When a fact was written, as an interval, and when its author says that it was done (null: then). Of one that is only here,
 * this tablet's clock has to do. */
export function writtenTimes({ body, timeMs }: { body: Body; timeMs: number }): { earliestMs: number; latestMs: number; observedMs: number | null } {
  const { earliest, latest } = servedAt(body);
  const latestMs = parseMs(latest);
  const written = latestMs === null ? { earliestMs: timeMs, latestMs: timeMs } : { earliestMs: parseMs(earliest) ?? -Infinity, latestMs };
  return { ...written, observedMs: parseMs(body["observed"]) };
}

export function isBackfilled(body: Body): boolean {
  return body["backfilled"] === true || typeof body["observed"] === "string";
}

/** What a person has to know of the time that is shown: `补录`, `时间存疑`, `±3 分`; "" where there is nothing. */
export function timeMark(body: Body): string {
  const { doubt, bound_ms } = servedAt(body);
  if (isBackfilled(body)) return "补录";
  if (doubt) return "时间存疑";
  const boundMs = typeof bound_ms === "number" ? bound_ms : 0;
  if (boundMs < SHOWN_FROM_MS) return "";
  return boundMs < HOUR_MS ? `±${Math.ceil(boundMs / 60_000)} 分` : `±${Math.ceil(boundMs / HOUR_MS)} 小时`;
}

function servedAt(body: Body): Body {
  return (body["at"] ?? {}) as Body;
}
