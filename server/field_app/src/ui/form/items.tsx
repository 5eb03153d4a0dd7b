// The items of a form in their order, each as its type is filled in.

import { choicesOf, type Form, type FormItem, offeredChoices } from "../../domain/form";
import type { Body } from "../../protocol/entry";
import { isOnForm } from "../../domain/form_walk";
import { shown } from "../../domain/expressions";
import { Choice, Choices } from "../parts/choice";
import { Attachments } from "./attachments";
import { FromList } from "./from_list";
import { isNamed, PlaceChoice, placeItem } from "./place_choice";
import { Point } from "./point";
import { type AskedProps, type Filling, Titled } from "./titled";
import { Typed } from "./typed";

const KEYS_MAX = 12; // a longer list is unfolded
const POINT = ["latitude_deg", "longitude_deg", "accuracy_m"];

export function FormItems(filling: Filling) {
  const { form, walked, today, isPlaced, hidden } = filling;
  const located = locatedBy(form);
  const isThere = (item: FormItem) => !located.slice(1).includes(item) && walked.shown.has(item.name) && !hidden.includes(item.name) && isOnForm(item, today) && !isNamed(form, item) && !(isPlaced && item === placeItem(form));
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
    case "decimal":
      return item === locatedBy(form)[0] ? <Located {...props} /> : <Typed {...props} />;
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

/** Forms from before there were points ask for the parts of one, each as a number: nobody types them. */
function locatedBy(form: Form): FormItem[] {
  const parts = POINT.map((part) => form.items.find(({ name, type }) => name === part && type === "decimal"));
  return parts[0] && parts[1] ? parts.filter((part) => part !== undefined) : [];
}

function Located(props: AskedProps) {
  const { form, item, body, set } = props;
  const names = locatedBy(form).map(({ name }) => name);
  const point = body[item.name] === undefined || body[item.name] === null ? null : body;
  const take = (found: object | null) => set(Object.fromEntries(names.map((name) => [name, (found as Body | null)?.[name] ?? null])));
  return (
    <Titled {...props} item={{ ...item, label: "定位" }}>
      <Point value={point} onChange={take} />
    </Titled>
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
