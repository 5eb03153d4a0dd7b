// Which screen fills in which kind of record. A kind that is not named here has the screen that is made from its contract.

import { contracts, type KindRule } from "../contracts";
import type { OutboxRow } from "../store/database";
import { entryOf } from "../store/view";

interface Form {
  room: string;
  again: (row: OutboxRow) => string; // where a refused entry is written again
}

const FORMS: Record<string, Form> = {
  worker: { room: "/roster", again: (row) => `/roster/worker?copy=${row.id}${row.act === "edit" ? `&id=${row.record}` : ""}` },
  temperature_check: { room: "/temperature", again: (row) => `/temperature?worker=${workerOf(row)}&slot=${String(entryOf(row).body["slot"])}&copy=${row.id}` },
  disinfection_log: { room: "/disinfect", again: (row) => `/disinfect?copy=${row.id}` },
  gate_pass: { room: "/gate", again: (row) => `/gate?worker=${workerOf(row)}&copy=${row.id}` },
  case: { room: "/cases", again: (row) => `/cases/case?copy=${row.id}&${row.act === "edit" ? `id=${row.record}` : `worker=${workerOf(row)}`}` },
  inspection_round: { room: "/round", again: (row) => `/round/finish?copy=${row.id}` },
  inspection_finding: { room: "/round", again: (row) => `/round/finding?copy=${row.id}` },
  supply_movement: { room: "/supplies", again: (row) => `/supplies?copy=${row.id}` },
};
const LOG = "/log/";

/** The kinds of log that have no screen of their own. */
export function furtherLogs(kinds: Readonly<Record<string, KindRule>> = contracts.kinds): string[] {
  return Object.keys(kinds).filter((kind) => !FORMS[kind] && isLog(kinds[kind]!));
}

function isLog({ nature, acts }: KindRule): boolean {
  return nature === "fact" && acts.includes("add");
}

/** The path at which records of a kind are listed and written; null where a tablet writes none. */
export function roomOf(kind: string, kinds: Readonly<Record<string, KindRule>> = contracts.kinds): string | null {
  if (FORMS[kind]) return FORMS[kind].room;
  return kinds[kind] && isLog(kinds[kind]) ? logRoom(kind) : null;
}

/** The path of the screen that is made from a kind's contract. */
export function logRoom(kind: string): string {
  return LOG + kind;
}

/** The kind of log that a path is the room of; "" for another path. */
export function logAt(path: string): string {
  return path.startsWith(LOG) ? path.slice(LOG.length) : "";
}

/** The form for a refused entry, filled in as it was; null for what can't be written in one. */
export function formOf(row: OutboxRow): string | null {
  const isWrittenInOne = row.line.length > 0 && (row.act === "add" || row.act === "edit");
  if (!isWrittenInOne) return null;
  const room = roomOf(row.kind);
  return FORMS[row.kind]?.again(row) ?? (room && `${room}?copy=${row.id}`);
}

export function workerOf(row: OutboxRow): string {
  return String(entryOf(row).body["worker"]);
}
