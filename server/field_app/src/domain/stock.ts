// A form of a stock: an amount that came in, went out or was counted. What there should be follows from its records.

import { isStanding, type Item } from "../store/view";
import { choicesOf, fieldOf, fieldsOf, type Form, type FormItem } from "./form";

const CHANGES: Record<string, (before: number, amount: number) => number> = {
  received: (before, amount) => before + amount,
  issued: (before, amount) => before - amount,
  counted: (_, amount) => amount,
};

/** `movement`: the field with these choices and no others; `item`: what is kept, the first other list. */
export interface Stock {
  item: FormItem;
  movement: FormItem;
  amount: FormItem;
}

/** Null for a form of something else. */
export function stockOf(form: Form): Stock | null {
  const amount = fieldOf(form, "amount");
  const lists = fieldsOf(form).filter(({ type }) => type === "select_one");
  const movement = lists.find((one) => choicesOf(form, one).every(({ name }) => name in CHANGES));
  const item = lists.find((one) => one !== movement);
  return amount && movement && item ? { item, movement, amount } : null;
}

/** What is left of each item: a count says what there is; what came and went since is added and taken away.
 * Less than nothing is left where something was issued that nobody had received. */
export function balances({ item, movement, amount }: Stock, records: readonly Item[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const { body } of records.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs)) {
    const code = String(body[item.name]);
    const after = CHANGES[String(body[movement.name])]?.(left.get(code) ?? 0, Number(body[amount.name]));
    if (after !== undefined) left.set(code, Math.round(after * 1000) / 1000);
  }
  return left;
}
