// What is open when a shift ends, in words, site by site: for whoever takes the tablet over.

import { word } from "../contracts";
import { dues } from "../domain/duties";
import { isDone, retests } from "../domain/temperature";
import { localDate, localTime } from "../protocol/time";
import type { FieldDatabase } from "../store/database";
import type { Reference } from "../store/newcomers";
import { readSiteDay } from "../store/site_day";
import { type Item, namesOf } from "../store/view";

/** Who waits for a retest, and which windows are due. */
export async function openWork(db: FieldDatabase, sites: readonly Item[], reference: Reference, nowMs: number): Promise<string[]> {
  return (await Promise.all(sites.map((site) => openAt(db, site, reference, nowMs)))).flat();
}

async function openAt(db: FieldDatabase, site: Item, reference: Reference, nowMs: number): Promise<string[]> {
  const day = await readSiteDay(db, site, localDate(nowMs), reference, nowMs);
  const waiting = [...retests(day.checks).values()].filter((retest) => !isDone(retest));
  const names = await namesOf(db, waiting.map(({ worker }) => worker));
  const people = waiting.map(({ worker, lastMs }) => `待复测: ${names.get(worker) ?? "名册外人员"} (${localTime(lastMs)} 测过)`);
  const isOfToday = (dueMs: number) => localDate(dueMs - 1) <= localDate(nowMs); // what has weeks left is no matter of a shift
  const due = dues(day, nowMs).filter(({ standing, dueMs }) => standing === "overdue" || (standing === "due" && isOfToday(dueMs)));
  const windows = due.map((one) => {
    const lacking = one.needed > 0 ? `, 缺 ${one.needed - one.done} 人` : "";
    return `未完成: ${[one.title, word("place", one.place), word("slot", one.slot)].filter(Boolean).join(" ")}, ${localTime(one.dueMs)} 前${lacking}`;
  });
  const name = String(site.body["name"]);
  return [...people, ...windows].map((line) => `${name} ${line}`);
}
