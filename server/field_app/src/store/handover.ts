// 交班: what one person leaves open on this tablet passes to the next, by name. What was written stays with whoever wrote it.

import { nameElsewhere, putDrafts } from "./carried_drafts";
import type { FieldDatabase, Note } from "./database";
import { allDrafts, begunBy, draft, dropDraft, idOf, keepDraft, noteBegunBy } from "./drafts";
import { personOf } from "./pin";

const HANDED = "handed"; // the note of the last handover, until it was read

/** What was said at a handover. */
export interface Handed {
  from: string;
  atMs: number;
  lines: string[];
}

/** Pass on the drafts and `lines`, what else is open in words. A draft leaves its first owner only when the next one has it: a
 * kill in between leaves it with both, under one id. Gives how many could not pass: the next person has no such site, or is
 * filling in the same form. */
export async function handOver(from: FieldDatabase, to: FieldDatabase, lines: readonly string[], atMs: number): Promise<number> {
  const name = await personOf(from);
  const drafts = await Promise.all((await allDrafts(from)).map(async (one) => ({ before: one.name, now: { ...one, name: await nameElsewhere(from, one.name, one.value) } satisfies Note })));
  await putDrafts(to, drafts.map(({ now }) => now));
  let left = 0;
  for (const { before, now } of drafts) {
    const id = idOf(now.value);
    if (idOf((await to.notes.get(now.name))?.value) !== id) {
      left += 1;
      continue;
    }
    await noteBegunBy(to, id, (await begunBy(from, id)) || name);
    await dropDraft(from, before);
  }
  await keepDraft(to, HANDED, { from: name, atMs, lines: [...lines] } satisfies Handed);
  return left;
}

/** What the person before left open when the tablet was handed over, until `forgetHanded`. */
export function handed(db: FieldDatabase): Promise<Handed | null> {
  return draft<Handed>(db, HANDED);
}

export function forgetHanded(db: FieldDatabase): Promise<void> {
  return dropDraft(db, HANDED);
}
