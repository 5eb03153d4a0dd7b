// Who is new on a site and has no test on record, as far as this tablet knows.

import { ruleOn } from "../contracts";
import { PASS, WORKER } from "../domain/code_kinds";
import { inForce } from "../domain/dated";
import { type Form, fieldOf } from "../domain/form";
import { isOfTests, lacksTest, NEGATIVE, type Newcomer, type Sample, type Stay } from "../domain/newcomers";
import { keysOf } from "../domain/people";
import { addDays, localDate, parseMs } from "../protocol/time";
import type { FieldDatabase } from "./database";
import { formsOn, isMeantFor, WRITER } from "./forms";
import { isStanding, type Item, listedTogether } from "./view";

/** Newcomers without a test, and the form to write one down; "" where no duty asks for any. */
export interface Lacking {
  form: string;
  workers: ReadonlySet<string>; // ids
}

const NOBODY: Lacking = { form: "", workers: new Set() };
/** What came down of it: all versions. */
export interface Reference {
  forms: readonly Form[];
  duties: readonly Item[];
}

const WITHIN = "entry_test_h";
const NEW_DAYS = "newcomer_d";

/** Who is new at a site and lacks a test at a moment. `forms`: all that were published. */
export async function lackingTests(db: FieldDatabase, site: Item, { forms, duties }: Reference, nowMs: number): Promise<Lacking> {
  const today = localDate(nowMs);
  const [withinH, newDays] = [ruleOn(WITHIN, today)?.value, ruleOn(NEW_DAYS, today)?.value];
  const asked = new Set(duties.map(({ body }) => inForce(duties, String(body["code"]), today)?.body["kind"]));
  const form = [...formsOn(forms, today).values()].find((one) => asked.has(one.code) && isOfTests(one) && isMeantFor(one, site, WRITER));
  if (!form || withinH === undefined || newDays === undefined) return NOBODY;
  const [workers] = await listedTogether(db, site.scope, [{ kind: WORKER }]);
  const first = workers.map(({ body }) => String(body["entered_on"] ?? "")).filter((day) => day >= addDays(today, -newDays) && day <= today).sort()[0];
  if (!first) return { ...NOBODY, form: form.code };
  const [tests, ...passes] = await listedTogether(db, site.scope, [{ kind: form.code }, ...daysFrom(first, today).map((day) => ({ kind: PASS, day }))]);
  const people = peopleOf(workers, samplesOf(form, tests), passes.flat(), today);
  const lacking = new Set([...people].filter(([, one]) => lacksTest(one, nowMs, withinH, newDays)).map(([key]) => key));
  const keys = keysOf(workers, today);
  return { form: form.code, workers: new Set(workers.map(({ id }) => id).filter((id) => lacking.has(keys.get(id) ?? id))) };
}

function daysFrom(first: string, last: string): string[] {
  const days = [];
  for (let day = first; day <= last; day = addDays(day, 1)) days.push(day);
  return days;
}

function samplesOf(form: Form, tests: readonly Item[]): [string, Sample][] {
  const [worker, started, result] = ["worker", "started", "result"].map((role) => fieldOf(form, role)!.name) as [string, string, string];
  return tests.filter(isStanding).flatMap(({ body }): [string, Sample][] => {
    const atMs = parseMs(body[started]);
    return atMs === null ? [] : [[String(body[worker]), { atMs, isNegative: body[result] === NEGATIVE }]];
  });
}

function peopleOf(workers: readonly Item[], samples: readonly [string, Sample][], passes: readonly Item[], today: string): Map<string, Newcomer> {
  const keys = keysOf(workers, today);
  const people = new Map<string, { stays: Stay[]; entriesMs: number[]; samples: Sample[] }>();
  for (const { id, body } of workers.filter(({ body }) => body["voided"] !== true)) {
    const key = keys.get(id) ?? id;
    const known = people.get(key) ?? { stays: [], entriesMs: [], samples: [] };
    known.stays.push({ since: String(body["entered_on"] ?? ""), until: body["exited_on"] ? String(body["exited_on"]) : null });
    people.set(key, known);
  }
  const personOf = (worker: string) => people.get(keys.get(worker) ?? worker);
  for (const pass of passes.filter(isStanding)) if (pass.body["direction"] === "in") personOf(String(pass.body["worker"]))?.entriesMs.push(pass.timeMs);
  for (const [worker, sample] of samples) personOf(worker)?.samples.push(sample);
  return people;
}
