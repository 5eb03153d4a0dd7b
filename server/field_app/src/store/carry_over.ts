// Enrolled again though nothing was lost here: the server does not know this tablet any more, because it was restored from a
// backup that is older than the enrolment. What is stored here is written once more, as the new device's.

import { type Draft, entryHash, entryLine } from "../protocol/entry";
import { type FieldDatabase, FieldError, type Identity, newScope, type OutboxRow, type ScopeRow } from "./database";
import { seal, unsealLines } from "./seal";
import { isExported, isNothing, unsent } from "./unsent";

/** Become this new device, in one transaction, with everything that is kept here (SPEC, M83).
 *
 * 1 each line gets the next number and hash of the new device's streams, and stays otherwise what it was: its id too, so
 * that one which the server has after all is refused as `entry_mismatch`, and counts once; 2 all of them wait again, and
 * their photos; 3 what was pulled stays to be seen until the next pull has replaced it. Another user's work is never taken
 * over: then what is unsent must have been exported. Throws FieldError `other_user`.
 */
export async function carryOver(db: FieldDatabase, identity: Identity): Promise<void> {
  for (;;) {
    const rows = await db.outbox.orderBy("seq").toArray();
    const { lines, scopes } = await writtenAnew(db, await unsealLines(db, rows));
    const isDone = await db.transaction("rw", db.tables, async () => {
      const before = await db.identity.get("one");
      if (before && before.user !== identity.user) {
        await leaveToOther(db);
      } else {
        const now = await db.outbox.orderBy("seq").primaryKeys();
        if (now.length !== rows.length || now.at(-1) !== rows.at(-1)?.seq) return false; // another tab wrote meanwhile
        await layAnew(db, lines, scopes);
      }
      await db.identity.put(identity);
      return true;
    });
    if (isDone) return;
  }
}

/** The hashes are made outside of a transaction, which must not wait for them. */
async function writtenAnew(db: FieldDatabase, rows: readonly OutboxRow[]): Promise<{ lines: OutboxRow[]; scopes: Map<string, ScopeRow> }> {
  const scopes = new Map<string, ScopeRow>();
  const lines: OutboxRow[] = [];
  for (const row of rows.filter((one) => one.line.length > 0)) {
    const head = scopes.get(row.scope) ?? newScope(row.scope);
    const draft = JSON.parse(new TextDecoder().decode(row.line)) as Draft;
    const n = head.n + 1;
    const line = entryLine(draft, n, head.hash);
    const hash = await entryHash(line);
    scopes.set(row.scope, { ...head, n, hash });
    lines.push({ ...row, n, line: await seal(db, row.id, line), hash, state: "waiting", shown: 1, outcome: "", rev: null, settledMs: null, carried: 1 });
  }
  return { lines, scopes };
}

async function layAnew(db: FieldDatabase, lines: OutboxRow[], scopes: Map<string, ScopeRow>): Promise<void> {
  const before = await db.scopes.toArray();
  await db.scopes.bulkPut(before.map(({ scope, active }) => ({ ...(scopes.get(scope) ?? newScope(scope)), active })));
  await db.outbox.clear();
  await db.outbox.bulkPut(lines);
  await db.photos.where("state").notEqual("refused").modify({ state: "waiting", url: "" });
}

async function leaveToOther(db: FieldDatabase): Promise<void> {
  if (!isNothing(await unsent(db)) && !(await isExported(db))) throw new FieldError("other_user");
  for (const table of db.tables) await table.clear();
  db.forgetPin();
}
