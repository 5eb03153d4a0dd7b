// Supplies (物资): what there should be, from what came in, went out and was counted.

import { isStanding, type Item } from "../store/view";

/** What is left of each item: a count says what there is; what came and went since is added and taken away.
 * Less than nothing is left where something was issued that nobody had received. */
export function balances(movements: readonly Item[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const { body } of movements.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs)) {
    const [item, amount] = [String(body["item"]), Number(body["amount"])];
    const before = left.get(item) ?? 0;
    const change = { received: before + amount, issued: before - amount, counted: amount }[String(body["movement"])];
    if (change !== undefined) left.set(item, Math.round(change * 1000) / 1000);
  }
  return left;
}
