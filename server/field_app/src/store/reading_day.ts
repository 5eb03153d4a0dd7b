// What whoever takes temperatures has to know of a site's day.

import { PASS, READING, WORKER } from "../domain/code_kinds";
import type { Day } from "../domain/duties";
import { keysOf, present } from "../domain/people";
import type { FieldDatabase } from "./database";
import { listed, listedTogether } from "./view";

export async function readingDay(db: FieldDatabase, scope: string, today: string): Promise<Day> {
  const [windows, checks, passes, workers] = await listedTogether(db, scope, [
    { kind: "window", day: today },
    { kind: READING, day: today },
    { kind: PASS, day: today },
    { kind: WORKER },
  ]);
  const duties = await listed(db, "duty", "ref");
  return { windows, checks, passes, logs: [], people: present(workers, today), keys: keysOf(workers, today), duties };
}
