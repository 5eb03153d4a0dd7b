// A site's day, as its card shows it and reminders are made of.

import { CASE, PASS, READING, WORKER } from "../domain/code_kinds";
import type { Day } from "../domain/duties";
import { flagOf } from "../domain/flags";
import { type Form, parentOf } from "../domain/form";
import { keysOf, present } from "../domain/people";
import { knownPlaces } from "../domain/places";
import { localDate, parseMs } from "../protocol/time";
import { type Begun, begunAt } from "./begun";
import type { FieldDatabase } from "./database";
import { formsOn } from "./forms";
import { type Lacking, lackingTests, type Reference } from "./newcomers";
import { LASTING } from "./records";
import { type Item, listedTogether } from "./view";

export interface SiteDay extends Day {
  site: Item;
  workers: Item[];
  cases: Item[];
  flags: number; // that are not closed
  untested: Lacking; // newcomers
  begun: readonly Begun[]; // forms that others belong to
}

/** The forms that others belong to: such a form goes on until it is saved. */
function parentKinds(forms: readonly Form[], today: string): string[] {
  const offered = formsOn(forms, today);
  const parents = new Set([...offered.values()].map(parentOf));
  return [...offered.keys()].filter((kind) => parents.has(kind));
}

export async function readSiteDay(db: FieldDatabase, site: Item, today: string, { forms, duties }: Reference, nowMs: number): Promise<SiteDay> {
  const { scope } = site;
  const asked = [...new Set(duties.filter(({ body }) => ["log", "coverage"].includes(String(body["judging"]))).map((duty) => String(duty.body["kind"])))].filter((kind) => kind !== READING);
  const [windows, lasting, checks, passes, workers, cases, flags, ...logs] = await listedTogether(db, scope, [
    { kind: "window", day: today },
    { kind: "window", day: LASTING },
    { kind: READING, day: today },
    { kind: PASS, day: today },
    { kind: WORKER },
    { kind: CASE },
    { kind: "flag" },
    ...asked.map((kind) => ({ kind, day: today })),
  ]);
  const begun = await begunAt(db, scope, parentKinds(forms, today));
  const untested = await lackingTests(db, site, { forms, duties }, nowMs);
  const open = flags.filter((flag) => flagOf(flag).isOpen).length;
  return { site, windows: [...windows, ...lasting.filter((item) => isCurrent(item, today))], checks, logs: logs.flat(), passes, workers, cases, begun, untested, flags: open, people: present(workers, today), keys: keysOf(workers, today), duties, places: knownPlaces(site) };
}

/** Whether a window of weeks or months, or one that a record asked for, is about this day. */
function isCurrent({ body }: Item, today: string): boolean {
  const [opensMs, closesMs] = [parseMs(String(body["opens"] ?? "")), parseMs(String(body["closes"] ?? ""))];
  return opensMs !== null && closesMs !== null && localDate(opensMs) <= today && today <= localDate(closesMs - 1);
}
