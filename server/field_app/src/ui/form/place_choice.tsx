// Which place: by its id, or, in forms that ask for a kind, by kind, name and id together.

import { word } from "../../contracts";
import { choicesOf, type Form, type FormItem } from "../../domain/form";
import { isOpen } from "../../domain/form_checks";
import { type Place, placeKey, placesOf } from "../../domain/places";
import type { Body } from "../../protocol/entry";
import type { Item } from "../../store/view";
import { Choice } from "../parts/choice";
import { useSession } from "../session";
import { type AskedProps, Titled } from "./titled";

const NAME = "place_name"; // says which of several places of a kind
const ID = "place_id";

/** The item that asks for the place, whether duties go by it or not. */
export function placeItem(form: Form): FormItem | undefined {
  return form.items.find(({ type, file, role, name }) => file === "places" || (type === "select_one" && (role === "place" || name === "place")));
}

/** Whether a field goes with the place that is chosen, and is not asked by itself. */
export function isNamed(form: Form, { name, type }: FormItem): boolean {
  return type === "text" && name === NAME && placeItem(form)?.type === "select_one";
}

/** The places of a site at which a form can be filled in. */
export function offeredPlaces(form: Form, site: Item | null): Place[] {
  const item = placeItem(form);
  if (!item) return [];
  const kinds = item.type === "select_one" ? (isOpen(form, item) ? null : choicesOf(form, item).map(({ name }) => name)) : item.kinds?.length ? item.kinds : null;
  return placesOf(site).filter((place) => (!kinds || kinds.includes(place.kind)) && (item.type === "select_one" || place.id));
}

/** What a body says of a place; of none, with `place` null. */
export function named(form: Form, place: Place | null): Body {
  const item = placeItem(form);
  if (!item) return {};
  if (item.type !== "select_one") return { [item.name]: place?.id ?? null };
  const hasName = form.items.some((one) => one.name === NAME);
  return { [item.name]: place?.kind ?? null, ...(hasName && { [NAME]: place?.name ?? null }), [ID]: place?.id ?? null };
}

/** Whether a body says that it is about a place. One without a name is about any of its kind. */
export function isAbout(form: Form, body: Body, place: Place): boolean {
  const item = placeItem(form);
  if (!item) return false;
  if (place.id && body[ID]) return body[ID] === place.id;
  if (item.type !== "select_one") return body[item.name] === place.id;
  return body[item.name] === place.kind && (!body[NAME] || body[NAME] === place.name);
}

export function PlaceChoice(props: AskedProps) {
  const { form, item, body, walked, set } = props;
  const { site } = useSession();
  const isRequired = walked.required.has(item.name);
  const known = distinguished(form, item, offeredPlaces(form, site));
  const places = isRequired ? known : withKinds(form, item, known);
  const options = Object.fromEntries(places.map((place) => [placeKey(place), place.name]));
  const chosen = body[item.name] ? places.find((place) => isAbout(form, body, place)) : undefined;
  const choose = (key: string) => set(named(form, places.find((place) => placeKey(place) === key) ?? null));
  return (
    <Titled {...props}>
      {places.length === 0 && <p class="empty">这里还没有登记这样的场所。</p>}
      <Choice title="" options={options} canBeNone={!isRequired} value={chosen ? placeKey(chosen) : ""} onChange={choose} />
    </Titled>
  );
}

/** Where a body says only the kind, several places of a kind are one answer. */
export function distinguished(form: Form, item: FormItem, places: Place[]): Place[] {
  if (item.type !== "select_one" || form.items.some(({ name }) => name === NAME)) return places;
  const isOne = (place: Place) => place.id || places.filter(({ kind }) => kind === place.kind).length === 1;
  const kinds = new Set(places.filter((place) => !isOne(place)).map(({ kind }) => kind));
  const labelOf = (kind: string) => choicesOf(form, item).find(({ name }) => name === kind)?.label ?? word("place", kind);
  return [...places.filter(isOne), ...[...kinds].map((kind) => ({ kind, name: labelOf(kind) }))];
}

/** Where a place is only mentioned, a kind will do of which the site has registered none. */
function withKinds(form: Form, item: FormItem, places: Place[]): Place[] {
  const others = choicesOf(form, item).filter(({ name }) => places.every(({ kind }) => kind !== name));
  return [...places, ...others.map(({ name, label }) => ({ kind: name, name: label }))];
}
