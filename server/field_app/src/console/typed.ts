// What is typed into a form at the console, as a body has it. server/console/filled.py reads alike: typed_cases.json.
import type { FormItem } from "../domain/form";

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?$/i;
const OFFSET = "+08:00"; // of Asia/Shanghai, by which people here write

/** The texts of an item's controls, none of them empty, as its value. */
export function valueOf(type: FormItem["type"], texts: readonly string[]): unknown {
  switch (type) {
    case "select_multiple":
      return texts;
    case "acknowledge":
      return true;
    case "integer":
    case "decimal":
      return numberOf(texts[0]!);
    case "dateTime":
      return `${texts[0]}:00${OFFSET}`;
    default:
      return texts[0];
  }
}

/** A number as it was typed; what is none, or is none that a computer has, stays a text, for it to be said. */
export function numberOf(text: string): number | string {
  const number = NUMBER.test(text) ? Number(text) : Infinity;
  return Number.isFinite(number) ? number : text;
}
