// The round that is going on at a site: its id is chosen when it starts, so that findings can name it before it is written.

import { uuid7 } from "../protocol/ids";
import type { FieldDatabase } from "./database";
import { draft, draftName, dropDraft, keepDraft } from "./drafts";
import { found } from "./view";

export interface Going {
  id: string;
  purpose: string;
  startedMs: number;
}

const nameOf = (scope: string) => draftName(scope, "round");

export async function startRound(db: FieldDatabase, scope: string, purpose: string, nowMs: number): Promise<void> {
  await keepDraft(db, nameOf(scope), { id: uuid7(Date.now()), purpose, startedMs: nowMs } satisfies Going);
}

/** Null when none goes on; one that was written just before the app died does not either. */
export async function goingRound(db: FieldDatabase, scope: string): Promise<Going | null> {
  const going = await draft<Going>(db, nameOf(scope));
  return going && !(await found(db, "inspection_round", scope, going.id)) ? going : null;
}

export async function forgetRound(db: FieldDatabase, scope: string): Promise<void> {
  await dropDraft(db, nameOf(scope));
}
