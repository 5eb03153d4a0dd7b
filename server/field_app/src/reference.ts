// What scope `ref` brought of numbers, names and words. It comes before what the app was built with (SPEC M119).

import type { Body } from "./protocol/entry";
import { localDate } from "./protocol/time";

/** A number from one day to before another; null: for good. */
export interface Version {
  value: number;
  name: string;
  source: string;
  from: string;
  to: string | null;
}

/** Of a person, the usual fields that a kind of site spares, and those for which it asks besides. */
export interface Asked {
  spared: readonly string[];
  more: readonly string[];
}

export const USUAL: Asked = { spared: [], more: [] };

type Words = Record<string, string>;

// Lists that this app calls otherwise than by kind and field: the records that name their codes, and where words of more are.
const NOUNS: Record<string, { kind?: string; more?: readonly [kind: string, field: string] }> = {
  slot: { kind: "slot", more: ["window", "slot"] },
  place: { kind: "place_kind" },
  unit: { kind: "unit", more: ["flag", "unit"] },
  duty: { kind: "duty", more: ["flag", "duty"] },
  window_state: { more: ["window", "state"] },
  window_reason: { more: ["window", "reason"] },
  flag_state: { more: ["flag", "state"] },
  flag_severity: { more: ["flag", "severity"] },
};
/** The kinds of records that `takeReference` reads. */
export const REFERENCE = ["duty", "rule", "slot", "place_kind", "site_kind", "unit", "words"] as const;

export type Reference = Record<(typeof REFERENCE)[number], readonly Body[]>;

let rules: Record<string, Version[]> = {};
let lists: Record<string, Words> = {};
let fields: Record<string, Record<string, Words>> = {}; // by kind and field
let sources: Words = {}; // of duties
let asked: Record<string, Asked> = {}; // by kind of site
let taken = 0;

/** What is here of it now; again after each sync that changed any. */
export function takeReference(read: Reference, today = localDate(Date.now())): void {
  taken += 1;
  rules = {};
  for (const body of read.rule) (rules[String(body["code"])] ??= []).push(versionOf(body));
  fields = Object.fromEntries(read.words.map((body) => [String(body["code"]), wordsOf(body)]));
  sources = named(read.duty, "source", today);
  asked = Object.fromEntries(begun(read.site_kind, today).map((body) => [String(body["code"]), askedIn(body)]));
  lists = {};
  for (const [noun, { kind, more }] of Object.entries(NOUNS)) {
    const rows = kind ? named(read[kind as keyof Reference], "name", today) : {};
    lists[noun] = { ...(more && fields[more[0]]?.[more[1]]), ...rows };
  }
}

/** Changes with each `takeReference`: what was worked out before it is out of date. */
export function referenceTaken(): number {
  return taken;
}

/** All versions of a number; undefined for one that did not come down. */
export function ruleVersions(code: string): Version[] | undefined {
  return rules[code];
}

/** The words of a list as far as they came down. */
export function listWords(noun: string): Words {
  return lists[noun] ?? {};
}

/** The words of a field of a kind in code; undefined where none came down. */
export function fieldWords(kind: string, field: string): Words | undefined {
  return fields[kind]?.[field];
}

/** The text that a duty comes from; "" for none. */
export function dutySource(code: string): string {
  return sources[code] ?? "";
}

/** What a kind of site must know of a person; the usual, where nothing came down. */
export function askedOfPerson(siteKind: unknown): Asked {
  return asked[String(siteKind)] ?? USUAL;
}

function askedIn(body: Body): Asked {
  const names = (member: string) => (body[member] ?? []) as string[];
  return { spared: names("worker_optional"), more: names("worker_required") };
}

function versionOf(body: Body): Version {
  const to = body["valid_to"];
  return { value: Number(body["value"]), name: String(body["name"]), source: String(body["source"]), from: String(body["valid_from"] ?? ""), to: typeof to === "string" ? to : null };
}

function wordsOf(body: Body): Record<string, Words> {
  const items = (body["items"] ?? []) as { field: string; words?: { code: string; word: string }[] }[];
  const withWords = items.filter(({ words }) => words?.length);
  return Object.fromEntries(withWords.map(({ field, words }) => [field, Object.fromEntries(words!.map(({ code, word }) => [code, word]))]));
}

/** One member of rows by code: of several versions the last that has begun. */
function named(bodies: readonly Body[], member: string, today: string): Words {
  return Object.fromEntries(begun(bodies, today).map((body) => [String(body["code"]), String(body[member])]));
}

/** The versions that have begun, in their order. */
function begun(bodies: readonly Body[], today: string): Body[] {
  const from = (body: Body) => String(body["valid_from"] ?? "");
  return bodies.filter((body) => from(body) <= today).sort((a, b) => from(a).localeCompare(from(b)));
}
