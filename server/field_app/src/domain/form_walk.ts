// A form with what was filled in of it: what is shown, what must be there, what is wrong, and the body that is written. The
// same outcomes as the server's (schemas/forms/conditions.py); what is hidden is dropped here, which the server would refuse.

import type { Body } from "../protocol/entry";
import { type Env, evaluate, holds, type Tree } from "./expressions";
import { type Form, type FormItem, isOffered } from "./form";
import { valueProblem } from "./form_checks";

/** `today`: the local date of the entry. `rule`: the number in force on it. `media`: the hashes that the entry promises. */
export interface Context {
  today: string;
  rule: (code: string) => number | null;
  media?: ReadonlySet<string>;
}

export type Problems = Record<string, string>;

/** `problems` refuse the entry; `doubts` come from a constraint with today's date, and refuse nothing. By field. */
export interface Walked {
  shown: ReadonlySet<string>;
  required: ReadonlySet<string>;
  problems: Problems;
  doubts: Problems;
  calculated: NonNullable<Env["calculated"]>;
  body: Body; // without what is hidden or empty
}

const HIDDEN = new Set(["note", "calculate", "group"]);
const MISSING = "缺少这一项, 请填写。";
const BROKEN = "和其他项或规定不符, 请检查后重新填写。";
const REPEATED = "同一个附件只能放在一项里。";
const UNPROMISED = "附件没有列在这条记录的 media 里。";

/** Walk the items in their order; each condition names only what stands above it. */
export function walk(form: Form, filled: Body, context: Context): Walked {
  const { today, rule } = context;
  const env: Env = { values: {}, calculated: {}, own: undefined, today, rule };
  const [shown, required, body] = [new Set<string>(), new Set<string>(), {} as Body];
  const [problems, doubts]: Problems[] = [{}, {}];
  const dated = datedIn(form);
  const note = (to: Problems, name: string, message: string) => void (to[name] ??= message);
  for (const item of form.items) if (isAnswer(filled[item.name]) && !HIDDEN.has(item.type)) takeIn(form, item, filled, env, problems!);
  for (const item of form.items) {
    const { name, type } = item;
    const isShown = (!item.group || shown.has(item.group)) && (!item.relevant || holds(item.relevant, env));
    if (isShown) shown.add(name);
    if (type === "calculate") env.calculated![name] = isShown && item.calculation ? evaluate(item.calculation, env) : null;
    if (HIDDEN.has(type)) continue;
    if (!isShown) {
      delete env.values[name];
      delete problems![name];
      continue;
    }
    const value = env.values[name];
    const isSent = isAnswer(filled[name]);
    if (isSent) body[name] = filled[name];
    const isRequired = item.required === true || (Array.isArray(item.required) && holds(item.required as Tree, env));
    if (isRequired) required.add(name);
    if (isRequired && !isSent) note(problems!, name, item.required_message ?? MISSING);
    if (value === undefined || !item.constraint) continue;
    if (!holds(item.constraint, { ...env, own: value })) {
      note(isDated(item.constraint, dated) ? doubts! : problems!, name, item.constraint_message ?? BROKEN);
    }
  }
  noteMedia(form, body, context.media, problems!);
  return { shown, required, problems: problems!, doubts: doubts!, calculated: env.calculated!, body };
}

/** What is wrong with changed fields of a register: each by itself, for an edit brings a few. */
export function changeProblems(form: Form, changes: Body, { today, rule }: Context): Problems {
  const found: Problems = {};
  for (const item of form.items.filter(({ name }) => name in changes)) {
    const own = changes[item.name];
    if (!isAnswer(own)) {
      if (item.required === true && !item.relevant) found[item.name] = item.required_message ?? MISSING;
      continue;
    }
    const problem = valueProblem(form, item, own);
    const isBroken = item.constraint && !isDated(item.constraint, datedIn(form)) && !holds(item.constraint, { values: {}, own, today, rule });
    if (problem || isBroken) found[item.name] = problem || (item.constraint_message ?? BROKEN);
  }
  return found;
}

/** What a new record starts with: what stood there last time, else the default. */
export function freshBody(form: Form, kept: Body, today: string): Body {
  const body: Body = {};
  for (const item of form.items) {
    const value = item.keep && isAnswer(kept[item.name]) ? kept[item.name] : Array.isArray(item.default) ? today : item.default;
    if (isAnswer(value) && valueProblem(form, item, value) === "") body[item.name] = value;
  }
  return body;
}

/** What the next record starts with. */
export function keptOf(form: Form, body: Body): Body {
  const kept = form.items.filter(({ keep, name }) => keep && isAnswer(body[name]));
  return Object.fromEntries(kept.map(({ name }) => [name, body[name]]));
}

/** Whether an item is on the form of that day. One that must be filled in is, for else nothing could be saved. */
export function isOnForm(item: FormItem, today: string): boolean {
  return isOffered({ ...(item.to !== undefined && { to: item.to }) }, today) || (item.required ?? false) !== false;
}

function isAnswer(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

/** A value that is wrong by itself counts as missing. */
function takeIn(form: Form, item: FormItem, filled: Body, env: Env, problems: Problems): void {
  const problem = valueProblem(form, item, filled[item.name]);
  if (problem) problems[item.name] = problem;
  else env.values[item.name] = filled[item.name];
}

function noteMedia(form: Form, body: Body, promised: ReadonlySet<string> | undefined, problems: Problems): void {
  const seen = new Set<unknown>();
  for (const { type, name } of form.items) {
    if ((type !== "image" && type !== "file") || problems[name]) continue;
    const hashes = (body[name] ?? []) as string[];
    if (hashes.some((one) => seen.has(one))) problems[name] = REPEATED;
    else if (promised && hashes.some((one) => !promised.has(one))) problems[name] = UNPROMISED;
    for (const one of hashes) seen.add(one);
  }
}

const datedOf = new WeakMap<Form, ReadonlySet<string>>(); // asked with each key

/** The calculations that depend on today's date. */
function datedIn(form: Form): ReadonlySet<string> {
  const known = datedOf.get(form);
  if (known) return known;
  const found = new Set<string>();
  for (const { name, calculation } of form.items) if (calculation && isDated(calculation, found)) found.add(name);
  datedOf.set(form, found);
  return found;
}

function isDated([op, ...parts]: Tree, dated: ReadonlySet<string>): boolean {
  if (op === "today" || (op === "calculated" && dated.has(String(parts[0])))) return true;
  return parts.some((part) => Array.isArray(part) && isDated(part as Tree, dated));
}
