// Flags (标记) as they came down.

import { parseMs } from "../protocol/time";
import type { Body } from "../protocol/entry";
import type { Item } from "../store/view";

export const FLAG = "flag";
const OVER = ["closed", "withdrawn"];
const AWAITS_RECHECK = "submitted";
const BYTES_MAX = 30 * 1024 * 1024; // of all photos of replies that a tablet keeps

/** What was asked of the company last, or what it replied: words, who wrote them and when, photos by SHA-256. */
export interface Said {
  note: string;
  by: string;
  atMs: number;
  media: string[];
}

export interface Flag {
  item: Item;
  duty: string;
  state: string;
  openedMs: number;
  dueMs: number | null; // when the step ends that it waits for
  isOpen: boolean;
  isSevere: boolean;
  awaitsRecheck: boolean;
  asked: Said | null;
  reply: Said | null;
  kept: Map<string, string>; // by record, of rechecks that the server has looked at: why one moved nothing; "" for one that did
}

export function flagOf(item: Item): Flag {
  const { duty, state, opened, severity, due, asked, reply, rechecks } = item.body;
  return {
    ...{ item, duty: String(duty), state: String(state), openedMs: parseMs(opened) ?? 0, dueMs: parseMs(due) },
    ...{ isOpen: !OVER.includes(String(state)), isSevere: severity === "severe", awaitsRecheck: state === AWAITS_RECHECK },
    ...{ asked: saidIn(asked), reply: saidIn(reply) },
    kept: new Map(((rechecks ?? []) as Body[]).map(({ record, because }) => [String(record), String(because ?? "")])),
  };
}

function saidIn(value: unknown): Said | null {
  if (typeof value !== "object" || value === null) return null;
  const { note, by, at, media } = value as Body;
  return { note: String(note ?? ""), by: String(by ?? ""), atMs: parseMs(at) ?? 0, media: Array.isArray(media) ? media.map(String) : [] };
}

/** A photo of a flag's reply. */
export interface ReplyPhoto {
  flag: string;
  sha256: string;
}

/** The photos that a tablet keeps: those of the replies of flags that are open, the flags that are due first before the others. */
export function photosToKeep(flags: readonly Flag[]): ReplyPhoto[] {
  const open = flags.filter(({ isOpen, reply }) => isOpen && reply);
  const byNeed = [...open].sort((a, b) => (a.dueMs ?? Infinity) - (b.dueMs ?? Infinity) || a.openedMs - b.openedMs);
  return byNeed.flatMap(({ item, reply }) => reply!.media.map((sha256) => ({ flag: item.id, sha256 })));
}

/** Whether one more photo may be kept together with so many bytes. */
export function hasRoom(bytes: number): boolean {
  return bytes < BYTES_MAX;
}
