// What was written on this tablet since a moment, and what of it still stands.

import type { FieldDatabase, OutboxRow } from "./database";
import { unsealBodies, unsealLines } from "./seal";
import { entryOf } from "./view";

/** The entries written since then, the last one first. They are in the order of writing, so the first of them is looked for by
 * halves: a week of thousands need not be read. */
export async function writtenSince(db: FieldDatabase, sinceMs: number): Promise<OutboxRow[]> {
  const rowFrom = (seq: number) => db.outbox.where("seq").aboveOrEqual(seq).first();
  let low = (await db.outbox.orderBy("seq").first())?.seq ?? 0;
  let high = ((await db.outbox.orderBy("seq").last())?.seq ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await rowFrom(middle);
    if (!row || row.wallMs >= sinceMs) high = middle;
    else low = row.seq! + 1;
  }
  return unsealLines(db, (await db.outbox.where("seq").aboveOrEqual(low).toArray()).reverse());
}

export type End = "voided" | "amended";

/** Which of these records were declared void or corrected: here, or elsewhere as far as was pulled. */
export async function endsOf(db: FieldDatabase, ids: readonly string[]): Promise<Map<string, End>> {
  const ends = new Map<string, End>();
  for (const { id, body } of await unsealBodies(db, await db.records.where("id").anyOf(ids).toArray())) {
    if (body["voided"] === true) ends.set(id, "voided");
    else if (body["amended_by"]) ends.set(id, "amended");
  }
  for (const row of await db.outbox.where("record").anyOf(ids).toArray()) {
    if (row.act === "void" && row.outcome !== "refused") ends.set(row.record, "voided");
  }
  return ends;
}

/** The records that these entries correct. */
export function correctedBy(rows: readonly OutboxRow[]): Set<string> {
  const standing = rows.filter((row) => row.act === "amend" && row.outcome !== "refused");
  return new Set(standing.flatMap((row) => entryOf(row).amends ?? []));
}
