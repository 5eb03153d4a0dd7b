// The people of a site, and finding one of them in a second: by name, by initials, by the last digits of a number.

import type { Item } from "../store/view";
import { initials } from "./pinyin";

export interface Person {
  id: string;
  scope: string;
  name: string;
  initials: string[];
  team: string;
  digits: string; // the ends of certificate and phone: what a person can be asked for
  certificate: string; // masked
  isCanteenStaff: boolean;
  exitedOn: string;
  item: Item;
}

export function personOf(item: Item): Person {
  const text = (name: string) => String(item.body[name] ?? "");
  const certificate = text("certificate_masked") || masked(text("certificate_number"));
  return {
    ...{ id: item.id, scope: item.scope, name: text("name"), initials: initials(text("name")), team: text("team") },
    ...{ certificate, exitedOn: text("exited_on"), isCanteenStaff: item.body["canteen_staff"] === true, item },
    digits: `${certificate.slice(-4)} ${text("phone").slice(-4)}`.toLowerCase(),
  };
}

/** Who belongs to the site on this day, in the order of teams and names. */
export function present(items: readonly Item[], today: string): Person[] {
  const people = items.filter((item) => item.body["voided"] !== true).map(personOf);
  return people
    .filter((person) => !person.exitedOn || person.exitedOn >= today)
    .sort((a, b) => a.team.localeCompare(b.team, "zh-CN") || a.name.localeCompare(b.name, "zh-CN"));
}

/** Those who have to be measured: who came in today; where no gate is kept, everybody. */
export function toMeasure(people: readonly Person[], passes: readonly Item[]): Person[] {
  const entered = new Set(passes.filter((pass) => pass.body["direction"] === "in").map((pass) => pass.body["worker"]));
  return entered.size > 0 ? people.filter((person) => entered.has(person.id)) : [...people];
}

/** Those whom the typed text may mean, best first. */
export function search(people: readonly Person[], typed: string): Person[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [...people];
  const ranked = people.map((person) => [rank(person, wanted), person] as const).filter(([rank]) => rank > 0);
  return ranked.sort(([a], [b]) => b - a).map(([, person]) => person);
}

function rank(person: Person, wanted: string): number {
  if (person.name.startsWith(wanted) || person.initials.includes(wanted)) return 4;
  if (person.initials.some((way) => way.startsWith(wanted))) return 3;
  if (/^\d{1,3}[\dx]?$/.test(wanted)) {
    const ends = person.digits.split(" ");
    return ends.some((end) => end.endsWith(wanted)) ? 2 : ends.some((end) => end.includes(wanted)) ? 1 : 0;
  }
  const isInside = (text: string) => text.includes(wanted);
  return isInside(person.name) || isInside(person.team) || person.initials.some(isInside) ? 1 : 0;
}

/** As the server masks: enough to recognise, not enough to use. */
function masked(number: string): string {
  return number.length < 10 ? number : number.slice(0, 3) + "*".repeat(number.length - 7) + number.slice(-4);
}
