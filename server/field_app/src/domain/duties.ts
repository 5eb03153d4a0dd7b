// What is due today at a site, with this tablet's own unsent work counted: the server's word is hours old out here.

import { word } from "../contracts";
import { parseMs } from "../protocol/time";
import type { Item } from "../store/view";
import type { Person } from "./people";
import { readings } from "./temperature";

export type Standing = "done" | "recorded" | "due" | "later" | "overdue" | "closed";

export interface Due {
  id: string;
  duty: string;
  title: string;
  place: string;
  slot: string;
  opensMs: number;
  dueMs: number;
  state: string; // as the server said last
  standing: Standing;
  done: number; // people measured, where the duty counts people
  needed: number;
}

export interface Day {
  windows: readonly Item[];
  checks: readonly Item[];
  logs: readonly Item[];
  people: readonly Person[]; // those who have to be measured
}

const OVER = ["met", "done_late", "backfilled", "excused", "void"];

/** Those that say something now, the most urgent first. */
export function dues(day: Day, nowMs: number): Due[] {
  const found = day.windows.map((item) => dueOf(item, day, nowMs)).filter((due) => due !== null);
  const order: Standing[] = ["overdue", "due", "recorded", "later", "closed", "done"];
  return found.sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || a.dueMs - b.dueMs);
}

function dueOf(item: Item, day: Day, nowMs: number): Due | null {
  const text = (name: string) => String(item.body[name] ?? "");
  const [opensMs, dueMs] = [parseMs(text("opens")), parseMs(text("due"))];
  if (opensMs === null || dueMs === null) return null;
  const closesMs = parseMs(text("closes")) ?? dueMs;
  const duty = text("duty");
  const slot = text("slot");
  const place = text("place");
  const [done, needed] = counted(duty, slot, day);
  const isRecorded =
    duty === "DISINFECT"
      ? day.logs.some((log) => log.body["place"] === place && log.timeMs >= opensMs && log.timeMs < closesMs && !log.body["voided"])
      : needed > 0 && done >= needed;
  return {
    ...{ id: item.id, duty, title: word("duty", duty), place, slot, opensMs, dueMs, state: text("state"), done, needed },
    standing: standing(text("state"), isRecorded, opensMs, dueMs, closesMs, nowMs),
  };
}

function counted(duty: string, slot: string, day: Day): [number, number] {
  if (!duty.startsWith("TEMP")) return [0, 0];
  const asked = duty === "TEMP-CANTEEN" ? day.people.filter((person) => person.isCanteenStaff) : day.people;
  const measured = readings(day.checks, slot);
  return [asked.filter((person) => measured.has(person.id)).length, asked.length];
}

function standing(state: string, isRecorded: boolean, opensMs: number, dueMs: number, closesMs: number, nowMs: number): Standing {
  if (OVER.includes(state)) return "done";
  if (isRecorded) return "recorded";
  if (nowMs < opensMs) return "later";
  if (nowMs < dueMs) return "due";
  return nowMs < Math.max(closesMs, dueMs) ? "overdue" : "closed";
}
