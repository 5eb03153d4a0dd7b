// Two people changed the same field differently: both values are kept, and somebody decides. On both tablets it is seen what
// does not show any more: the server sends it, and what was written here is known here as well.

import { contracts, shownValue } from "../../contracts";
import { entryOf, type Item, ownEntries } from "../../store/view";
import { useLive, useSession } from "../session";

export function ContestedNames({ kind, item }: { kind: string; item: Item }) {
  const { db } = useSession();
  const own = useLive(() => ownEntries(db, item.id), [db, item.id]);
  const names = contestedOf(item);
  if (names.length === 0) return null;
  const { fields } = contracts.kinds[kind]!;
  const isSent = (name: string) => !fields[name]?.served || fields[name].served === name;
  const writtenHere = (name: string) => own?.filter((row) => row.outcome !== "refused" && name in entryOf(row).body).map((row) => entryOf(row).body[name]).at(-1);
  return (
    <div class="notice">
      <strong>值有争议, 待核定</strong>
      <ul>
        {names.map((name) => (
          <li key={name}>
            {fields[name]?.title ?? name}
            {isSent(name) && `: 现为 ${shownValue(kind, name, item.body[name])}`}
            {lostOf(item, name).map((value) => `, 未采用 ${shownValue(kind, name, value)}`)}
            {writtenHere(name) !== undefined && ` (本机填写的是 ${fields[name]?.served ? `尾号 ${String(writtenHere(name) ?? "").slice(-4)}` : shownValue(kind, name, writtenHere(name))})`}
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

/** The values of a contested field that do not show. */
function lostOf(item: Item, name: string): unknown[] {
  const lost = item.body["contested_values"] as Record<string, unknown[]> | undefined;
  return lost?.[name] ?? [];
}
