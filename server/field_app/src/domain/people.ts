// The people of a site, and finding one of them in a second: by name, by pinyin or its initials, by dormitory, by the last
// digits of a number.

import type { Body } from "../protocol/entry";
import type { Item } from "../store/view";
import { personKeys } from "./persons";
import { agreement, spelt } from "./pinyin";

const ENDS = 4; // digits at the end of a number, which people remember

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

export interface Person {
  id: string;
  scope: string;
  name: string;
  spelt: string[][]; // in pinyin (see pinyin.ts)
  team: string;
  dormitory: string;
  digits: string; // the ends of certificate and phone: what a person can be asked for
  certificate: string; // masked
  isCanteenStaff: boolean;
  exitedOn: string;
  item: Item;
}

const known = new WeakMap<Item, Person>(); // an item never changes, and a roster has hundreds
const collator = new Intl.Collator("zh-CN");

export function personOf(item: Item): Person {
  const person = known.get(item) ?? readPerson(item);
  known.set(item, person);
  return person;
}

function readPerson(item: Item): Person {
  const text = (name: string) => String(item.body[name] ?? "");
  const certificate = text("certificate_masked") || masked(text("certificate_number"));
  return {
    ...{ id: item.id, scope: item.scope, name: text("name"), spelt: spelt(text("name")), team: text("team"), dormitory: text("dormitory") },
    ...{ certificate, exitedOn: text("exited_on"), isCanteenStaff: item.body["canteen_staff"] === true, item },
    digits: `${certificate.slice(-4)} ${text("phone").slice(-4)}`.toLowerCase(),
  };
}

/** Who belongs to the site on this day, in the order of teams and names. */
export function present(items: readonly Item[], today: string): Person[] {
  const people = items.filter(isSomebody).map(personOf);
  return inOrder(people.filter((person) => !person.exitedOn || person.exitedOn >= today));
}

interface Sorted {
  asked: readonly Person[];
  found: readonly Person[];
}

const sorted = new WeakMap<Person, Sorted>(); // by the first of those who were asked for

/** Sorting thousands of people takes longer than everything else that follows a touch, and they are nearly always the same. */
function inOrder(asked: readonly Person[]): Person[] {
  const first = asked[0];
  if (!first) return [];
  const known = sorted.get(first);
  if (known?.asked.length === asked.length && asked.every((one, i) => one === known.asked[i])) return [...known.found];
  const found = [...asked].sort((a, b) => collator.compare(a.team, b.team) || collator.compare(a.name, b.name));
  sorted.set(first, { asked, found });
  return [...found];
}

/** Who has left the site, the last one first. */
export function departed(items: readonly Item[], today: string): Person[] {
  const people = items.filter(isSomebody).map(personOf);
  return people.filter((person) => person.exitedOn && person.exitedOn < today).sort((a, b) => b.exitedOn.localeCompare(a.exitedOn));
}

/** A record that was voided, or merged into another of the same person, does not count as a person. */
function isSomebody({ body }: Item): boolean {
  return body["voided"] !== true && !body["merged_into"];
}

/** For each record of a roster the one by which its person is counted: one that shows, if any does. */
export function keysOf(items: readonly Item[], today: string): Map<string, string> {
  const shown = new Set(present(items, today).map((person) => person.id));
  const inOrder = [...items.filter((item) => shown.has(item.id)), ...items.filter((item) => !shown.has(item.id))];
  const merges = items.flatMap(({ id, body }) => (body["merged_into"] ? [[id, String(body["merged_into"])] as const] : []));
  return personKeys(inOrder.map((item) => [item.id, certificateOf(item)] as const), merges);
}

/** Other records with this person's certificate: a person at the console merges them. */
export function twins(person: Person, people: readonly Person[]): Person[] {
  const own = certificateOf(person.item);
  return people.filter((one) => one.id !== person.id && certificateOf(one.item) === own);
}

/** What distinguishes certificates: the server's digest; for a record that was not sent yet the number itself. */
function certificateOf({ id, body }: Item): string {
  const number = body["certificate_number"];
  return String(body["certificate_digest"] ?? (number ? `${String(body["certificate_type"])} ${String(number)}` : id));
}

/** Who may be the person that is about to be written: the same type of certificate, and a number that fits what the mask
 * shows. Names are spelt in many ways, and say nothing. */
export function mayBe(body: Body, items: readonly Item[]): Person[] {
  const number = body["certificate_number"];
  if (typeof number !== "string" || !number) return [];
  const fits = (known: string) => known.length === number.length && [...known].every((one, i) => one === "*" || one === number[i]);
  const shown = (item: Item) => String(item.body["certificate_number"] ?? item.body["certificate_masked"] ?? "");
  const isSame = (item: Item) => item.body["certificate_type"] === body["certificate_type"] && fits(shown(item));
  return items.filter((item) => isSomebody(item) && isSame(item)).map(personOf);
}

/** The one person that a scanned code identifies: it holds the id, a certificate's number, or its last digits. */
export function personOfCode(people: readonly Person[], code: string): Person | undefined {
  const text = code.trim().toLowerCase();
  const id = UUID.exec(text)?.[0];
  if (id) return people.find((person) => person.id === id);
  const number = /[a-z]?\d{4,17}[\dx]/.exec(text)?.[0] ?? text;
  const meant = people.filter((person) => isOf(person, number));
  return meant.length === 1 ? meant[0] : undefined;
}

/** Whether a number, whole or its end, may be that of a person's certificate, which is masked here. */
function isOf(person: Person, number: string): boolean {
  const known = person.certificate.toLowerCase();
  if (number.length < ENDS || !known.endsWith(number.slice(-ENDS))) return false;
  return number.length === ENDS || (number.length === known.length && [...known].every((one, i) => one === "*" || one === number[i]));
}

/** Those whom the typed text may mean, best first. */
export function search(people: readonly Person[], typed: string): Person[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [...people];
  const ranked = people.map((person) => [rank(person, wanted), person] as const).filter(([rank]) => rank > 0);
  if (ranked.length > 0 || wanted.length <= ENDS) return ranked.sort(([a], [b]) => b - a).map(([, person]) => person);
  const scanned = personOfCode(people, wanted); // a scanner types what it reads
  return scanned ? [scanned] : [];
}

function rank(person: Person, wanted: string): number {
  const letters = /^[a-z\s'’]+$/.test(wanted) ? agreement(wanted, person.spelt) : "none";
  const dormitory = person.dormitory.toLowerCase();
  if (person.name.startsWith(wanted) || letters === "whole") return 4;
  if (letters === "start" || dormitory === wanted) return 3;
  if (/^\d{1,3}[\dx]?$/.test(wanted)) {
    const ends = person.digits.split(" ");
    return ends.some((end) => end.endsWith(wanted)) ? 2 : ends.some((end) => end.includes(wanted)) || dormitory.includes(wanted) ? 1 : 0;
  }
  const isInside = [person.name.toLowerCase(), person.team, dormitory].some((text) => text.includes(wanted));
  return isInside || letters === "inside" ? 1 : 0;
}

/** As the server masks: enough to recognise, not enough to use. */
function masked(number: string): string {
  return number.length < 10 ? number : number.slice(0, 3) + "*".repeat(number.length - 7) + number.slice(-4);
}
