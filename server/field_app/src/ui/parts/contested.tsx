// Two people changed the same field differently: both values are kept, and somebody decides. The server sends the names of the
// fields only; what was written here is known here.

import { choices, contracts, word } from "../../contracts";
import { entryOf, type Item, ownEntries } from "../../store/view";
import { useLive, useSession } from "../session";

const MASKED = ["certificate_number", "phone"];

export function ContestedNames({ kind, item }: { kind: string; item: Item }) {
  const { db } = useSession();
  const own = useLive(() => ownEntries(db, item.id), [db, item.id]);
  const names = contestedOf(item);
  if (names.length === 0) return null;
  const written = (name: string) => own?.filter((row) => row.outcome === "contested").map((row) => entryOf(row).body[name]).at(-1);
  return (
    <div class="notice">
      <strong>值有争议, 待核定</strong>
      <ul>
        {names.map((name) => (
          <li key={name}>
            {contracts.kinds[kind]!.fields[name]?.title ?? name}
            {!MASKED.includes(name) && `: 现为 ${shown(kind, name, item.body[name])}`}
            {written(name) !== undefined && `, 本机填写 ${shown(kind, name, written(name))}`}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function contestedOf(item: Item): string[] {
  const names = item.body["contested"];
  return Array.isArray(names) ? names.map(String) : [];
}

function shown(kind: string, name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "是" : "否";
  const text = String(value ?? "空");
  return choices(kind, name)[text] ?? (name === "trade" ? word("trade", text) : text);
}
