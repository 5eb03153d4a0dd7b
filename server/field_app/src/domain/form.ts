// The closed definition of a form, as the server publishes it (schemas/forms/definition.py), and what of it is offered on a day.

import type { Tree } from "./expressions";

// prettier-ignore
export type ItemType =
  | "text" | "integer" | "decimal" | "date" | "time" | "dateTime" | "select_one" | "select_multiple" | "acknowledge"
  | "geopoint" | "image" | "file" | "select_one_from_file" | "note" | "calculate" | "group";

export interface FormChoice {
  name: string;
  label: string;
  to?: string; // from this day on it is no longer offered; it stays valid
}

/** One row of the survey. `group`: the name of the group that it is in. */
export interface FormItem {
  type: ItemType;
  name: string;
  label: string;
  group?: string;
  hint?: string;
  relevant?: Tree;
  required?: Tree | boolean;
  required_message?: string;
  constraint?: Tree;
  constraint_message?: string;
  calculation?: Tree;
  gives?: string; // the type of a calculation
  low?: number;
  high?: number;
  decimals?: number | "any";
  max?: number;
  pattern?: "phone" | "plate" | "credit_code" | "report_number";
  unit?: string;
  list?: string;
  file?: string; // the list of reference data or records that an id is chosen from
  kinds?: string[]; // of places that are offered
  role?: string;
  mask?: string;
  keep?: boolean;
  default?: unknown; // a value, or ["today"]
  max_pixels?: number;
  to?: string;
}

export interface Form {
  code: string;
  version: number;
  title: string;
  nature: "fact" | "register";
  source: string;
  from: string;
  to?: string;
  site_kinds: string[];
  writers: string[];
  items: FormItem[];
  lists?: Record<string, FormChoice[]>;
  icon?: string;
}

const NO_FIELDS = ["note", "calculate", "group"];

/** The items that are in a body. */
export function fieldsOf(form: Form): FormItem[] {
  return form.items.filter(({ type }) => !NO_FIELDS.includes(type));
}

/** All choices of a field, retired ones too. */
export function choicesOf(form: Form, item: FormItem): FormChoice[] {
  return (item.list && form.lists?.[item.list]) || [];
}

/** The field that has a role. */
export function fieldOf(form: Form, role: string): FormItem | undefined {
  return fieldsOf(form).find((item) => item.role === role);
}

/** The kind whose records those of the form belong to; undefined if they stand alone. */
export function parentOf(form: Form): string | undefined {
  return fieldOf(form, "parent")?.file;
}

/** Whether a form, a field or a choice is offered on a day. */
export function isOffered({ from = "", to }: { from?: string; to?: string }, day: string): boolean {
  return from <= day && (to === undefined || day < to);
}

/** What can be chosen on a day, name → label; what was chosen before stays, though it was retired. */
export function offeredChoices(form: Form, item: FormItem, day: string, chosen: readonly unknown[] = []): Record<string, string> {
  const offered = choicesOf(form, item).filter((choice) => isOffered(choice, day) || chosen.includes(choice.name));
  return Object.fromEntries(offered.map(({ name, label }) => [name, label]));
}
