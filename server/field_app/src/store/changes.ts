// What changed in a scope since somebody asked last, in the server's order: for programs that hand records on.

import type { Body } from "../protocol/entry";
import type { FieldDatabase } from "./database";

export interface Changed {
  id: string;
  kind: string;
  rev: number;
  seq: number;
  body: Body | null; // null: it was deleted
}

/** `reset`: all that is there follows, and what was known before counts no more. `cursor` is handed back the next time. */
export interface Changes {
  reset: boolean;
  changed: Changed[];
  cursor: string;
}

/** What was pulled of a scope after `cursor` ("": all of it), the oldest change first. Own work that the server has not sent back
 * yet is not among it. A cursor from before a reset, or of another database, gets everything again. */
export async function changes(db: FieldDatabase, scope: string, cursor = ""): Promise<Changes> {
  return db.transaction("r", db.scopes, db.records, db.removed, async () => {
    const history = (await db.scopes.get(scope))?.history ?? "";
    const [of, since] = cursor.split(" ");
    const isReset = cursor === "" || of !== history;
    const after = isReset ? -1 : Number(since);
    const between = [[scope, after + 1], [scope, Infinity]] as const;
    const puts = await db.records.where("[scope+seq]").between(...between).filter((row) => row.stale === 0).toArray();
    const dels = isReset ? [] : await db.removed.where("[scope+seq]").between(...between).toArray();
    const changed = [...puts, ...dels.map((row) => ({ ...row, body: null }))]
      .map(({ id, kind, rev, seq, body }) => ({ id, kind, rev, seq, body }))
      .sort((a, b) => a.seq - b.seq);
    return { reset: isReset, changed, cursor: `${history} ${changed.at(-1)?.seq ?? Math.max(after, -1)}` };
  });
}
