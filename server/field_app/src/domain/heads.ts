// Who is on the site now, as far as this tablet knows: everybody is where the last pass of the day leaves them, and who sleeps
// there is inside before the first. The server counts alike once all tablets have reported (server/rules/gate.py).

import { isStanding, type Item } from "../store/view";
import type { Person } from "./people";

/** The last pass of each worker, by id. */
export function lastPasses(passes: readonly Item[]): Map<string, Item> {
  const standing = passes.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs);
  return new Map(standing.map((pass) => [String(pass.body["worker"]), pass]));
}

/** `passes`: those of the day. */
export function insideNow(people: readonly Person[], passes: readonly Item[]): number {
  const last = lastPasses(passes);
  return people.filter(({ id, dormitory }) => (last.has(id) ? last.get(id)!.body["direction"] === "in" : dormitory !== "")).length;
}
