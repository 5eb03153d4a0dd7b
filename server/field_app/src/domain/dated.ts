// Rows in dated versions, which come down in scope `ref`: duties and others. The version of the day counts, never a future one.

import type { Item } from "../store/view";

export interface DutySlot {
  slot: string;
  opens: string; // HH:MM
  due: string;
  admits?: string[]; // slots of readings that count; none: any
}

/** The version of a code that is in force on a local day. */
export function inForce(duties: readonly Item[], code: string, day: string): Item | undefined {
  const from = (item: Item) => String(item.body["valid_from"] ?? "");
  const holds = ({ body }: Item) => {
    const until = body["valid_to"];
    return body["code"] === code && String(body["valid_from"] ?? "") <= day && (typeof until !== "string" || day < until);
  };
  return duties.filter(holds).sort((a, b) => from(a).localeCompare(from(b))).at(-1);
}

/** The text that a duty comes from which asks for records of a kind on a day; "" for none. */
export function sourceFor(duties: readonly Item[], kind: string, day: string): string {
  const asks = ({ body }: Item) => body["kind"] === kind && inForce(duties, String(body["code"]), day)?.body === body;
  return String(duties.find(asks)?.body["source"] ?? "");
}

/** The slots of a duty on a local day, in the order in which they open. */
export function slotsOn(duties: readonly Item[], code: string, day: string): DutySlot[] {
  const slots = (inForce(duties, code, day)?.body["slots"] as DutySlot[] | undefined) ?? [];
  return [...slots].sort((a, b) => a.opens.localeCompare(b.opens));
}
