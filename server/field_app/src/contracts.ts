// Limits, names, words and messages as the server's own sources have them (see contracts.py, which writes the file).

import written from "./generated/contracts.json";
import { localDate } from "./protocol/time";
import { fieldWords, listWords, referenceTaken, ruleVersions, type Version } from "./reference";

export type Check =
  | { rule: "choice"; words: Record<string, string>; message: string }
  | { rule: "length"; max: number; message: string }
  | { rule: "range"; low: number; high: number; message: string }
  | { rule: "pattern"; pattern: string; message: string }
  | { rule: "company" | "tenths" | "date" | "instant"; message: string };

export interface FieldRule {
  title: string;
  type: string;
  optional: boolean;
  missing: string;
  checks: Check[];
  noun?: string; // of `words`, where the list is reference data
  hint?: string;
  role?: string; // what duties are judged by: place, worker, slot …
  refers?: string; // the kind of record whose id it holds
  served?: string; // under which name it comes down masked
  keys?: "tel"; // which keyboard it is typed with
}

export interface KindRule {
  title: string;
  icon: string;
  nature: string;
  acts: string[]; // what a device may do with such records
  fields: Record<string, FieldRule>;
}

interface Contracts {
  sync: number;
  schema: string;
  push: { entries: number; bytes: number; line_bytes: number; media: number };
  limits: { device_name: number };
  outcomes: { final: string[] };
  codes: { entry: Record<string, string[]>; envelope: Record<string, string[]> };
  kinds: Record<string, KindRule>;
  certificates: {
    types: string[];
    person_weights: number[];
    person_checks: string;
    person_form: string;
    void_form: string;
    hmt_regions: string[];
    foreign_form: string;
    loose_form: string;
    company_form: string;
    company_alphabet: string;
    company_weights: number[];
    problems: Record<string, string>;
  };
  together: Record<string, string>;
  words: Record<string, Record<string, string>>;
  rules: Record<string, Version[]>;
}

export type Rule = Pick<Version, "value" | "name" | "source">;

export const contracts = written as unknown as Contracts;

/** The word for a code; a code without a word shows as it is. */
export function word(noun: string, code: string | undefined | null): string {
  return code ? (wordsOf(noun)[code] ?? code) : "";
}

/** The words of a list, code → word: those that came down, and for what they lack those of the app's build. */
export function wordsOf(noun: string): Record<string, string> {
  return { ...contracts.words[noun], ...listWords(noun) };
}

/** Why a window is as it is, in words: its reason is a code, or `code: detail`. "" for none. */
export function reasonText(reason: unknown): string {
  if (typeof reason !== "string") return "";
  const [code = "", ...detail] = reason.split(": ");
  return [word("window_reason", code), ...detail].join(": ");
}

/** The list of a field of a kind in code, code → word. It may have grown since the app was built. */
export function choices(kind: string, field: string): Record<string, string> {
  const rule = contracts.kinds[kind]?.fields[field];
  const check = rule?.checks.find((one) => one.rule === "choice");
  return fieldWords(kind, field) ?? (check?.rule === "choice" ? check.words : wordsOf(rule?.noun ?? ""));
}

/** A value in words; `names`: of the records that it may name. */
export function shownValue(kind: string, field: string, value: unknown, names?: ReadonlyMap<string, string>): string {
  if (typeof value === "boolean") return value ? "是" : "否";
  const text = String(value ?? "空");
  return choices(kind, field)[text] ?? names?.get(text) ?? text;
}

const judgedBy = new Map<string, Rule>(); // asked for each reading of a day
let judgedAfter = 0;

/** A number as it holds on a local day: that of the event which it applies to. Throws where there is none. */
export function rule(code: string, day = localDate(Date.now())): Rule {
  if (judgedAfter !== referenceTaken()) judgedBy.clear();
  judgedAfter = referenceTaken();
  const known = judgedBy.get(`${code} ${day}`) ?? ruleOn(code, day);
  if (!known) throw new Error(`no rule ${code}`);
  judgedBy.set(`${code} ${day}`, known);
  return known;
}

/** All versions of a number: those that came down, else those of the app's build. */
export function versionsOf(code: string): readonly Version[] {
  return ruleVersions(code) ?? contracts.rules[code] ?? [];
}

/** The number in force on a local day; undefined for none. */
export function ruleOn(code: string, day: string): Rule | undefined {
  const holding = versionsOf(code).filter(({ from, to }) => from <= day && (to === null || day < to));
  return [...holding].sort((a, b) => a.from.localeCompare(b.from)).at(-1);
}
