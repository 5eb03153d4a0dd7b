// What a line of this tablet's is called in a list.

import type { Form } from "../../domain/form";
import { localDate, localTime } from "../../protocol/time";
import type { FieldDatabase, OutboxRow } from "../../store/database";
import { entryOf, namesOf, observedMsOf } from "../../store/view";
import { kindOf, workerOf } from "../forms";

export type Names = ReadonlyMap<string, string>;

/** What the people, or whatever else these entries are about, are called. */
export function namesOfRows(db: FieldDatabase, rows: readonly OutboxRow[]): Promise<Names> {
  return namesOf(db, rows.flatMap((row) => [row.record, workerOf(row)]));
}

/** `测温记录 张三 36.3 ℃`. */
export function rowTitle(forms: readonly Form[], row: OutboxRow, names: Names): string {
  const acts: Record<string, string> = { add: "", edit: "修改", amend: "更正", void: "作废" };
  const { celsius, place_name } = entryOf(row).body;
  const who = names.get(workerOf(row)) ?? names.get(row.record) ?? place_name;
  const reading = celsius === undefined || celsius === null ? "" : `${Number(celsius).toFixed(1)} ℃`;
  const observed = observedMsOf(row);
  const later = observed === null ? "" : `(补录 ${localDate(observed).slice(5)} ${localTime(observed)})`;
  return [acts[row.act], kindOf(forms, row.kind)?.title ?? row.kind, who, reading, later].filter(Boolean).join(" ");
}
