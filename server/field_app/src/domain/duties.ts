// What is due at a site today. A window's state comes from the server and may be hours old;
// what this tablet has written since, and the clock, complete it.

import { reasonText, rule, word } from "../contracts";
import { parseMs } from "../protocol/time";
import { writtenTimes } from "../store/times";
import { isStanding, type Item } from "../store/view";
import { fitOf, isMet, type Pass, type Reading, type Span, weigh } from "./coverage";
import { inForce, slotsOn } from "./dated";
import type { Person } from "./people";
import { isAtPlace, isOfKind, type Known } from "./places";
import { READING } from "./code_kinds";
import { readings } from "./temperature";

export type Standing = "done" | "recorded" | "due" | "later" | "overdue" | "closed" | "review";

export interface Due {
  id: string;
  duty: string;
  evidence: string; // the kind of record that it asks for
  title: string;
  place: string; // its kind; "" for the whole site
  placeId: string; // "" where all places of the kind are asked together
  slot: string;
  opensMs: number;
  dueMs: number;
  state: string; // as the server said last
  reason: string; // and why, in words; "" where it says nothing
  standing: Standing;
  done: number; // people measured, where the duty counts people
  needed: number;
}

export interface Day {
  windows: readonly Item[];
  checks: readonly Item[];
  logs: readonly Item[]; // of all kinds that duties ask for, one by one or of everybody
  passes: readonly Item[];
  people: readonly Person[]; // who belongs to the site
  keys: ReadonlyMap<string, string>; // by which record a record's person is counted
  duties: readonly Item[]; // all versions
  places?: readonly Known[]; // of the site
}

const FOUND_WRONG = ["missed", "review"];
const OVER = ["met", "done_late", "backfilled", "excused", "void"];

/** The duties that have something to show now, the most urgent first. */
export function dues(day: Day, nowMs: number): Due[] {
  const found = day.windows.map((item) => dueOf(item, day, nowMs)).filter((due) => due !== null);
  const order: Standing[] = ["overdue", "due", "review", "recorded", "later", "closed", "done"];
  return found.sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing) || a.dueMs - b.dueMs);
}

/** Who has to be measured in a slot, and who of them has not been; without windows, everybody the slot applies to. */
export function asked(day: Day, slot: string): { expected: Person[]; toDo: Person[] } {
  const windows = day.windows.filter((item) => isCoverage(item, day) && item.body["slot"] === slot && !["excused", "void"].includes(String(item.body["state"])));
  const needed = new Set(windows.flatMap((item) => [...(coverageOf(item, day)?.needed ?? [])]));
  const isAsked = (person: Person) => (windows.length > 0 ? needed.has(person.id) : slot !== "meal" || person.isCanteenStaff);
  const expected = day.people.filter((person) => keyOf(day, person.id) === person.id && isAsked(person));
  const measured = new Set([...readings(day.checks, slot).keys()].map((id) => keyOf(day, id)));
  return { expected, toDo: expected.filter((person) => !measured.has(person.id)) };
}

/** People are counted, not records. */
export function keyOf(day: Day, id: string): string {
  return day.keys.get(id) ?? id;
}

function dueOf(item: Item, day: Day, nowMs: number): Due | null {
  const text = (name: string) => String(item.body[name] ?? "");
  const [opensMs, dueMs] = [parseMs(text("opens")), parseMs(text("due"))];
  if (opensMs === null || dueMs === null) return null;
  const closesMs = parseMs(text("closes")) ?? dueMs;
  const [duty, slot, place, placeId] = [text("duty"), text("slot"), text("place"), text("place_id")];
  const covered = coverageOf(item, day);
  if (isOfStaff(item, day) && covered?.needed.size === 0 && !day.people.some((person) => person.isCanteenStaff)) return null; // nobody is meant
  const window = { opensMs, dueMs, deadlineMs: deadlineMs(item, dueMs), closesMs };
  const version = versionOf(item, day)?.body ?? {};
  if (version["judging"] === "telemetry" && !FOUND_WRONG.includes(text("state"))) return null; // a platform reports it, nobody here
  const evidence = String(version["kind"] ?? "");
  const places = day.places ?? [];
  const isThere = (log: Item) => !place || (placeId ? isAtPlace(log, placeId, places) : isOfKind(log, place, places));
  const isLogged = (log: Item) => log.kind === evidence && isThere(log) && isStanding(log) && isCertain(fitOf(writtenTimes(log), window));
  const isRecorded = version["judging"] === "log" ? day.logs.some(isLogged) : (covered?.isMet ?? false);
  return {
    ...{ id: item.id, duty, evidence, title: String(version["name"] ?? word("duty", duty)), place, placeId, slot, opensMs, dueMs, state: text("state") },
    reason: reasonText(item.body["reason"]),
    ...{ done: covered?.measured.size ?? 0, needed: covered?.needed.size ?? 0 },
    standing: standing(text("state"), isRecorded, opensMs, dueMs, closesMs, nowMs),
  };
}

function isCoverage(item: Item, day: Day): boolean {
  return versionOf(item, day)?.body["judging"] === "coverage";
}

/** Whether only canteen staff are asked for. */
function isOfStaff(item: Item, day: Day): boolean {
  return Boolean(versionOf(item, day)?.body["staff"]);
}

/** Whether a duty of their own asks canteen staff for such records: then the others leave them out. */
function isAskedOfStaff(evidence: string, { duties }: Day): boolean {
  return duties.some(({ body }) => body["judging"] === "coverage" && (body["kind"] ?? READING) === evidence && Boolean(body["staff"]));
}

/** The version of its duty by which a window was planned: that of its own date. */
function versionOf({ body }: Item, { duties }: Day): Item | undefined {
  return inForce(duties, String(body["duty"]), String(body["local_date"]));
}

function isCertain(how: ReturnType<typeof fitOf>): boolean {
  return how !== null && how !== "uncertain";
}

function deadlineMs({ body }: Item, dueMs: number): number {
  return dueMs + Number(body["grace_s"] ?? 0) * 1000;
}

function coverageOf(item: Item, day: Day): Covered | null {
  const { covered } = signsOf(day);
  const known = covered.get(item);
  if (known !== undefined) return known;
  const found = weighed(item, day);
  covered.set(item, found);
  return found;
}

/** As the server weighs it (coverage.ts), and whoever may be there is asked for; but where no gate is kept that day, nobody knows who is there, and the whole roster
 * is asked for: one reading must not look like a finished slot. */
function weighed(item: Item, day: Day): Covered | null {
  const span = isCoverage(item, day) ? spanOf(item, day) : null;
  if (!span) return null;
  const isStaffOnly = isOfStaff(item, day);
  const evidence = String(versionOf(item, day)?.body["kind"] ?? READING);
  const share = rule("coverage_share", String(item.body["local_date"])).value;
  const { staff, passes, checks } = signsOf(day);
  const records = evidence === READING ? checks : day.logs.filter((log) => log.kind === evidence && isStanding(log)).map((log) => readingOf(log, day));
  const without = isAskedOfStaff(evidence, day) ? staff : new Set<string>();
  const found = isStaffOnly ? weigh(passes, checks, span, share, staff, new Set(), records) : weigh(passes, checks, span, share, null, without, records);
  const isGateKept = passes.some((pass) => pass.direction === "in");
  const roster = day.people.map((person) => keyOf(day, person.id)).filter((id) => (isStaffOnly ? staff.has(id) : !without.has(id)));
  const needed = new Set([...found.maybe, ...(isGateKept ? [] : roster)]);
  const measured = new Set([...needed].filter((worker) => found.certain.has(worker)));
  return { needed, measured, isMet: isMet(needed, measured, share) };
}

interface Covered {
  needed: ReadonlySet<string>;
  measured: ReadonlySet<string>;
  isMet: boolean;
}

interface Signs {
  staff: ReadonlySet<string>;
  passes: readonly Pass[];
  checks: readonly Reading[];
  covered: Map<Item, Covered | null>; // by window
}

const signs = new WeakMap<Day, Signs>(); // thousands of readings, and each window asks for them; a day never changes

function signsOf(day: Day): Signs {
  const known = signs.get(day);
  if (known) return known;
  const found = {
    staff: new Set(day.people.filter((person) => person.isCanteenStaff).map((person) => keyOf(day, person.id))),
    passes: day.passes.filter(isStanding).map((item) => passOf(item, day)),
    checks: day.checks.filter(isStanding).map((item) => readingOf(item, day)),
    covered: new Map<Item, Covered | null>(),
  };
  signs.set(day, found);
  return found;
}

/** The window's times as the server takes them; null for one without. */
function spanOf(item: Item, { duties }: Day): Span | null {
  const { body } = item;
  const [opensMs, dueMs] = [parseMs(body["opens"]), parseMs(body["due"])];
  if (opensMs === null || dueMs === null) return null;
  const endsMs = deadlineMs(item, dueMs);
  const midnightMs = parseMs(`${String(body["local_date"])}T00:00:00+08:00`) ?? opensMs;
  const slots = slotsOn(duties, String(body["duty"]), String(body["local_date"]));
  const admits = slots.find((slot) => slot.slot === body["slot"])?.admits ?? [];
  const times = { dayStartsMs: Math.min(midnightMs, opensMs), opensMs, dueMs, deadlineMs: endsMs };
  return { ...times, closesMs: parseMs(body["closes"]) ?? endsMs, admits };
}

function passOf(item: Item, day: Day): Pass {
  const { earliestMs, latestMs, observedMs } = writtenTimes(item);
  const who = { worker: keyOf(day, String(item.body["worker"])), direction: String(item.body["direction"]) };
  return { ...who, earliestMs: observedMs ?? earliestMs, latestMs: observedMs ?? latestMs };
}

function readingOf(item: Item, day: Day): Reading {
  return { worker: keyOf(day, String(item.body["worker"])), slot: String(item.body["slot"] ?? ""), ...writtenTimes(item) };
}

function standing(state: string, isRecorded: boolean, opensMs: number, dueMs: number, closesMs: number, nowMs: number): Standing {
  if (OVER.includes(state)) return "done";
  if (state === "review") return "review";
  if (isRecorded) return "recorded";
  if (nowMs < opensMs) return "later";
  if (nowMs < dueMs) return "due";
  return nowMs < Math.max(closesMs, dueMs) ? "overdue" : "closed";
}
