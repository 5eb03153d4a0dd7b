// The round that is going on at a site: its id is chosen when it starts, so that findings can name it before it is written.

import type { Photo } from "../domain/photos";
import type { Body } from "../protocol/entry";
import { uuid7 } from "../protocol/ids";
import type { FieldDatabase } from "./database";
import { draftName } from "./draft_names";
import { draft, dropDraft, keepDraft } from "./drafts";
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

/** A finding that was begun and not saved. */
export interface Half {
  text: string; // what was typed of it
  photos: number;
}

/** The name of a finding's draft: of a round's next one, or of a refused one that is written again. */
export function findingDraft(scope: string, roundOrRefused: string): string {
  return draftName(scope, `finding ${roundOrRefused}`);
}

/** What was begun for this round and not saved; null for nothing. The severity alone is nothing: it is given. */
export async function halfWritten(db: FieldDatabase, scope: string, round: string): Promise<Half | null> {
  const left = await draft<{ id: string; value: { body: Body; photos: Photo[] } }>(db, findingDraft(scope, round));
  if (!left || (await db.outbox.where("id").equals(left.id).count()) > 0) return null;
  const { body, photos } = left.value;
  const isBegun = photos.length > 0 || Object.entries(body).some(([name, value]) => name !== "severity" && value !== "" && value !== null);
  return isBegun ? { text: String(body["description"] ?? ""), photos: photos.length } : null;
}
