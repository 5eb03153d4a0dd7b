// The items of a form in their order, each as its type is filled in.

import type { ComponentChildren } from "preact";
import type { Photo } from "../../domain/photos";
import { choicesOf, type Form, type FormItem, offeredChoices } from "../../domain/form";
import { isOnForm, type Walked } from "../../domain/form_walk";
import { shown } from "../../domain/expressions";
import type { Body } from "../../protocol/entry";
import type { Item } from "../../store/view";
import { Choice, Choices } from "../parts/choice";
import { Attachments } from "./attachments";
import { FromList } from "./from_list";
import { isNamed, PlaceChoice, placeItem } from "./place_choice";
import { Point } from "./point";
import { Typed } from "./typed";

const KEYS_MAX = 12; // a longer list is unfolded

/** What an item works with. `said`: what is wrong with a field, or doubtful, as far as it is to be said yet. */
export interface Filling {
  form: Form;
  scope: string;
  body: Body;
  photos: readonly Photo[];
  walked: Walked;
  today: string;
  isPlaced: boolean; // the place is known, and not asked for
  hidden: readonly string[]; // what else is not asked for
  workers: readonly Item[];
  said: (name: string) => string;
  set: (changes: Body) => void;
  setPhotos: (name: string, change: (photos: readonly Photo[]) => Photo[]) => void;
  onBusy: (by: number) => void; // photos that are being made small: +1, -1
}

export function FormItems(filling: Filling) {
  const { form, walked, today, isPlaced, hidden } = filling;
  const isThere = (item: FormItem) => walked.shown.has(item.name) && !hidden.includes(item.name) && isOnForm(item, today) && !isNamed(form, item) && !(isPlaced && item === placeItem(form));
  const ofGroup = (group: string | undefined) => form.items.filter((item) => item.group === group && isThere(item));
  return (
    <>
      {ofGroup(undefined).map((item) =>
        item.type === "group" ? (
          <fieldset key={item.name} class="group">
            <legend>{item.label}</legend>
            {ofGroup(item.name).map((one) => (
              <Asked key={one.name} item={one} {...filling} />
            ))}
          </fieldset>
        ) : (
          <Asked key={item.name} item={item} {...filling} />
        ),
      )}
    </>
  );
}

export type AskedProps = Filling & { item: FormItem };

/** One item, in the way that fits its type. */
function Asked(props: AskedProps) {
  const { form, item, body, walked, today, set, said } = props;
  const { name, type } = item;
  const value = body[name];
  switch (type) {
    case "note":
      return <p class="notice">{item.label}{item.hint && <small> {item.hint}</small>}</p>;
    case "calculate":
      return <Calculated item={item} value={shown(walked.calculated[name] ?? null)} />;
    case "image":
    case "file":
      return <Attachments {...props} />;
    case "geopoint":
      return <Titled {...props}><Point value={value} onChange={(point) => set({ [name]: point })} /></Titled>;
    case "acknowledge":
      return <Titled {...props}><Choice title="" options={{ yes: value === true ? `✓ ${item.label}` : item.label }} canBeNone value={value === true ? "yes" : ""} onChange={(chosen) => set({ [name]: chosen ? true : null })} /></Titled>;
    case "select_multiple": {
      const chosen = (Array.isArray(value) ? value : []) as string[];
      return <Titled {...props}><Choices options={offeredChoices(form, item, today, chosen)} values={chosen} onChange={(names) => set({ [name]: names })} /></Titled>;
    }
    case "select_one":
      if (item === placeItem(form)) return <PlaceChoice {...props} />;
      if (choicesOf(form, item).length <= KEYS_MAX) {
        const options = offeredChoices(form, item, today, [value]);
        return <Titled {...props}><Choice title="" options={options} canBeNone={!walked.required.has(name)} value={String(value ?? "")} onChange={(chosen) => set({ [name]: chosen })} /></Titled>;
      }
      return <Typed {...props} options={offeredChoices(form, item, today, [value])} />;
    case "select_one_from_file":
      return item.file === "places" ? <PlaceChoice {...props} /> : <FromList {...props} />;
    default:
      return <Typed {...props} wrong={said(name)} />;
  }
}

/** The title of what is no single control, and what is wrong below it. */
export function Titled({ item, walked, said, children }: AskedProps & { children: ComponentChildren }) {
  const { name, label, hint, type } = item;
  const problem = said(name);
  return (
    <div class={problem ? "asked is-wrong" : "asked"} role="group" aria-label={label}>
      {type !== "acknowledge" && (
        <p class="asked-title">
          {label}
          <Extra hint={hint} isOptional={!walked.required.has(name)} />
        </p>
      )}
      {type === "acknowledge" && hint && <p class="asked-title">{hint}</p>}
      {children}
      {problem && <p class="wrong" role="alert">{problem}</p>}
    </div>
  );
}

export function Extra({ hint, isOptional }: { hint?: string | undefined; isOptional: boolean }) {
  return (
    <>
      {hint && <small> {hint}</small>}
      {isOptional && <small> 可不填</small>}
    </>
  );
}

function Calculated({ item, value }: { item: FormItem; value: unknown }) {
  if (!item.label || item.label === item.name) return null;
  return (
    <p class="calculated">
      <span class="muted">{item.label}</span> <strong>{value === null ? "–" : value === true ? "是" : value === false ? "否" : String(value)}</strong>
    </p>
  );
}
