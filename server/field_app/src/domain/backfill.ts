// 补录: work that was first written on paper, and when it was done.

import { rule } from "../contracts";
import { localDate, localTime, parseMs } from "../protocol/time";

const HOUR_MS = 3600_000;

/** A moment as a field of a form has it, `2026-11-23T07:41` by the clocks here; "" for none. */
export function observedText(ms: number | null): string {
  return ms === null ? "" : `${localDate(ms)}T${localTime(ms)}`;
}

/** And back. Null for none, and for what is not whole. */
export function observedMs(text: string): number | null {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? parseMs(`${text}:00+08:00`) : null;
}

/** What is wrong with the time at which something is said to have been done; "" when nothing is. The server keeps an older
 * one too, but it meets no duty any more. */
export function observedProblem(text: string, nowMs: number): string {
  if (text === "") return "";
  const ms = observedMs(text);
  if (ms === null) return "请填写完整的日期和时间。";
  if (ms > nowMs) return "实际时间不能晚于现在。";
  const most = rule("backfill_max_h", localDate(ms));
  return nowMs - ms > most.value * HOUR_MS ? `只能补录 ${most.value} 小时以内的工作 (依据: ${most.source})。` : "";
}
