// What a record says, in words: the first things in a list, or all of it.

import { shownValue, word } from "../../contracts";
import { FLAG } from "../../domain/flags";
import { choicesOf, fieldsOf, type Form, type FormItem } from "../../domain/form";
import { localDate, localTime, parseMs } from "../../protocol/time";
import type { Body } from "../../protocol/entry";
import { type Item, listed } from "../../store/view";
import { formOf } from "../forms";
import { useLive, useSession } from "../session";
import { isNamed, placeItem } from "./place_choice";
import { WORKER } from "../../domain/code_kinds";

const SHOWN_MAX = 3; // fields of a record in a list

export type Names = ReadonlyMap<string, string>;
const NONE: Names = new Map();

/** What the people and places of a scope are called, by id. */
export function useNames(scope: string): Names {
  const { db, site } = useSession();
  const names = useLive(async () => {
    const workers = (await listed(db, WORKER, scope)).map(({ id, body }) => [id, String(body["name"])] as const);
    const places = ((site?.body["places"] ?? []) as { id?: string; name: string }[]).flatMap(({ id, name }) => (id ? [[id, name] as const] : []));
    return new Map([...workers, ...places]);
  }, [db, scope, site]);
  return names ?? NONE;
}

export function summaryOf(forms: readonly Form[], { kind, body }: Item, names: Names): string {
  const form = formOf(forms, kind); // the version that is highest here has titles and words
  if (kind === FLAG) return `${word("duty", String(body["duty"]))} ${word("flag_state", String(body["state"]))}`;
  if (!form) return Object.values(body).filter((value) => typeof value === "string").slice(0, SHOWN_MAX).join(" ");
  const said = answersOf(form, body, names).filter(({ item }) => item.role !== "parent" && !(item === placeItem(form) && body["place_name"]));
  return said.slice(0, SHOWN_MAX).map(({ text }) => text).join(" ");
}

/** All that a body says, with the titles of its fields. */
export function answersOf(form: Form, body: Body, names: Names): { item: FormItem; text: string }[] {
  const isThere = ({ name, type }: FormItem) => body[name] !== undefined && body[name] !== null && type !== "image" && type !== "file";
  return fieldsOf(form).filter((item) => isThere(item) && item.role !== "seen").map((item) => ({ item, text: textOf(form, item, body[item.name], names) }));
}

function textOf(form: Form, item: FormItem, value: unknown, names: Names): string {
  const nameOf = (code: unknown) => choicesOf(form, item).find(({ name }) => name === code)?.label ?? names.get(String(code)) ?? String(code);
  switch (item.type) {
    case "acknowledge":
      return item.label;
    case "select_multiple":
      return (value as unknown[]).map(nameOf).join("、");
    case "select_one":
      return item === placeItem(form) ? word("place", String(value)) || nameOf(value) : nameOf(value);
    case "geopoint": {
      const { latitude_deg, longitude_deg } = value as Record<string, number>;
      return `${latitude_deg}, ${longitude_deg}`;
    }
    case "dateTime": {
      const ms = parseMs(value);
      return ms === null ? String(value) : `${localDate(ms)} ${localTime(ms)}`;
    }
    case "integer":
    case "decimal":
      return `${String(value)}${item.unit ? ` ${item.unit}` : ""}`;
    default:
      return isNamed(form, item) ? String(value) : (names.get(String(value)) ?? shownValue(form.code, item.name, value));
  }
}
