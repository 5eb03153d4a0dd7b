// The places of a site. Their kinds are reference data: this app may have no word for one, the site has a name for each.

import { contracts, word } from "../contracts";
import type { Body } from "../protocol/entry";
import type { Item } from "../store/view";

export interface Place {
  kind: string;
  name: string;
  id?: string; // of servers that know places by id
}

export function placesOf(site: Item | null | undefined): Place[] {
  return (site?.body["places"] as Place[] | undefined) ?? [];
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
  return { ...Object.fromEntries(placesOf(site).map(({ kind, name }) => [kind, name])), ...contracts.words["place"] };
}
