// Where crews are measured one after the other, and who of them is not there today.

import type { By } from "../domain/lane";
import type { FieldDatabase } from "../store/database";

interface Asked {
  by?: By;
  of?: string; // the crew; without one, the list of them
  slot?: string; // when it is not that of the hour
}

export function laneRoom(asked: Asked = {}): string {
  const query = new URLSearchParams(Object.entries(asked)).toString();
  return `/temperature/lane${query && `?${query}`}`;
}

interface Absent {
  day: string;
  slot: string;
  ids: string[];
}

const nameOf = (scope: string) => `absent:${scope}`;

/** Who was called up in a slot and was not there. Only this tablet knows; it is no record, and nobody counts as measured. */
export async function absentees(db: FieldDatabase, scope: string, day: string, slot: string): Promise<string[]> {
  const noted = (await db.notes.get(nameOf(scope)))?.value as Absent | undefined;
  return noted?.day === day && noted.slot === slot ? noted.ids : [];
}

export async function noteAbsent(db: FieldDatabase, scope: string, { day, slot, ids }: Absent): Promise<void> {
  await db.notes.put({ name: nameOf(scope), value: { day, slot, ids } });
}
