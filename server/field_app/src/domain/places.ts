// The places of a site. Their kinds are reference data: this app may have no word for one, the site has a name for each.

import { word, wordsOf } from "../contracts";
import type { Body } from "../protocol/entry";
import { parseMs } from "../protocol/time";
import { writtenTimes } from "../store/times";
import type { Item } from "../store/view";

export interface Place {
  kind: string;
  name: string;
  id?: string; // of servers that know places by id
}

export function placesOf(site: Item | null | undefined): Place[] {
  return (site?.body["places"] as Place[] | undefined) ?? [];
}

/** A place with all that it was called and when it was there (SPEC: Places). `names`: each with since when, the present one last. */
export interface Known {
  id: string;
  kind: string;
  names: readonly (readonly [name: string, sinceMs: number])[];
  fromMs: number;
  toMs: number | null; // null: in use
}

/** All places of a site that have an id, closed ones too. */
export function knownPlaces(site: Item | null | undefined): Known[] {
  const served = ["places", "closed_places"].flatMap((name) => (site?.body[name] as Served[] | undefined) ?? []);
  return served.flatMap(({ id, kind, name, from, to, earlier = [] }) => {
    if (!id) return [];
    const fromMs = parseMs(from) ?? 0;
    const untils = earlier.map(({ until }) => parseMs(until) ?? 0);
    const names = [...earlier.map((one) => one.name), name].map((one, i) => [one, i === 0 ? fromMs : untils[i - 1]!] as const);
    return [{ id, kind, names, fromMs, toMs: parseMs(to) }];
  });
}

type Served = Place & { from?: string; to?: string; earlier?: { name: string; until: string }[] };

/** The ids of the places that an entry may be about which says only a kind and perhaps a name; as sync_protocol/places.py has it. */
export function placesMeant(places: readonly Known[], kind: string, name: string | null, earliestMs: number, latestMs: number): string[] {
  const here = places.filter((place) => place.kind === kind);
  const then = orAll(here, (place) => place.fromMs <= latestMs);
  const named = orAll(then, (place) => place.names.some(([one, sinceMs], i) => one === name && (i === 0 || sinceMs <= latestMs)));
  return orAll(named, (place) => place.toMs === null || earliestMs <= place.toMs).map((place) => place.id);
}

function orAll<T>(things: readonly T[], isMeant: (thing: T) => boolean): readonly T[] {
  const found = things.filter(isMeant);
  return found.length > 0 ? found : things;
}

/** Whether a record is about a place; of one that names it without its id, whether it can mean no other. */
export function isAtPlace(record: { body: Body; timeMs: number }, id: string, places: readonly Known[]): boolean {
  const { body } = record;
  if (body["place_id"]) return body["place_id"] === id;
  const { earliestMs, latestMs, observedMs } = writtenTimes(record);
  const meant = placesMeant(places, String(body["place"]), typeof body["place_name"] === "string" ? body["place_name"] : null, observedMs ?? earliestMs, observedMs ?? latestMs);
  return meant.length === 1 && meant[0] === id;
}

/** Whether a record is about some place of a kind. */
export function isOfKind({ body }: { body: Body }, kind: string, places: readonly Known[]): boolean {
  return (places.find(({ id }) => id === body["place_id"])?.kind ?? body["place"]) === kind;
}

export function placeKey(place: Place): string {
  return `${place.kind} ${place.name}`;
}

/** The place that a record names. */
export function placeOf(body: Body): Place {
  const kind = String(body["place"]);
  return { kind, name: String(body["place_name"] ?? word("place", kind)) };
}

/** The words for kinds of places. Of one that came after the app was built, the name of such a place at this site. */
export function placeWords(site: Item | null | undefined): Record<string, string> {
  return { ...Object.fromEntries(placesOf(site).map(({ kind, name }) => [kind, name])), ...wordsOf("place") };
}
