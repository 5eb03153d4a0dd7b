// Moments as they travel. China has had one offset since 1991, so no zone data is needed.

const OFFSET_MS = 8 * 3600_000;

/** `2026-11-23T07:41:03.120+08:00`. */
export function wallText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().replace("Z", "+08:00");
}

/** Milliseconds of an instant with an offset; null for anything else. */
export function parseMs(text: unknown): number | null {
  if (typeof text !== "string" || !/(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/** The calendar day in Shanghai, `2026-11-23`. */
export function localDate(ms: number): string {
  return wallText(ms).slice(0, 10);
}

/** The time of day in Shanghai, `07:41`. */
export function localTime(ms: number): string {
  return wallText(ms).slice(11, 16);
}

/** A local date some days later, or earlier. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
