// Who works with this tablet: each person has a database of their own, with an enrolment, keys and records of their own. So the
// server knows by its key who wrote each entry, and nobody can write in another's name.

import Dexie from "dexie";
import { FIRST_DATABASE, FieldDatabase } from "./database";
import { findPin, personOf } from "./pin";

export interface Person {
  db: FieldDatabase;
  name: string; // "" until a PIN is set
}

const LAST = "gongdi-person";

/** Everybody who enrolled here, the first one first; an empty database, where nobody has. */
export async function peopleHere(): Promise<Person[]> {
  const names = (await Dexie.getDatabaseNames()).filter((name) => name.startsWith(FIRST_DATABASE)).sort(byNumber);
  const people = await Promise.all((names.length > 0 ? names : [FIRST_DATABASE]).map((name) => personIn(new FieldDatabase(name))));
  const enrolled = await Promise.all(people.map(async ({ db }) => (await db.identity.count()) > 0));
  const here = people.filter((_, i) => enrolled[i]); // somebody may have begun to enrol, and gone away
  return here.length > 0 ? here : people.slice(0, 1);
}

async function personIn(db: FieldDatabase): Promise<Person> {
  await findPin(db);
  return { db, name: await personOf(db) };
}

/** A database for one person more. */
export function nextDatabase(people: readonly Person[]): FieldDatabase {
  const last = Math.max(...people.map(({ db }) => numberOf(db.name)));
  return new FieldDatabase(`${FIRST_DATABASE}-${last + 1}`);
}

/** Who worked here last. */
export function lastOf(people: readonly Person[]): Person {
  const name = globalThis.localStorage?.getItem(LAST);
  return people.find(({ db }) => db.name === name) ?? people[0]!;
}

export function noteLast(db: FieldDatabase): void {
  globalThis.localStorage?.setItem(LAST, db.name);
}

function numberOf(name: string): number {
  return Number(name.slice(FIRST_DATABASE.length + 1)) || 1;
}

function byNumber(a: string, b: string): number {
  return numberOf(a) - numberOf(b);
}
