// Which screen fills in which kind of record. A kind that is not named here is filled in by its form.

import { contracts, type KindRule } from "../contracts";
import type { Form } from "../domain/form";
import type { OutboxRow } from "../store/database";
import { kindOfForm } from "../store/forms";
import { entryOf } from "../store/view";

interface Screen {
  room: string;
  again: (row: OutboxRow) => string; // where a refused entry is written again
}

// The last three know more than a form says: balances, and a round that goes on. They write version 1 of their forms.
const SCREENS: Record<string, Screen> = {
  worker: { room: "/roster", again: (row) => `/roster/worker?copy=${row.id}${row.act === "edit" ? `&id=${row.record}` : ""}` },
  temperature_check: { room: "/temperature", again: (row) => `/temperature?worker=${workerOf(row)}&slot=${String(entryOf(row).body["slot"])}&copy=${row.id}` },
  gate_pass: { room: "/gate", again: (row) => `/gate?worker=${workerOf(row)}&copy=${row.id}` },
  case: { room: "/cases", again: (row) => `/cases/case?copy=${row.id}&${row.act === "edit" ? `id=${row.record}` : `worker=${workerOf(row)}`}` },
  inspection_round: { room: "/round", again: (row) => `/round/finish?copy=${row.id}` },
  inspection_finding: { room: "/round", again: (row) => `/round/finding?copy=${row.id}` },
  supply_movement: { room: "/supplies", again: (row) => `/supplies?copy=${row.id}` },
};
const LOG = "/log/";

/** The highest version of a form that came down; undefined for a kind in code. */
export function formOf(forms: readonly Form[], kind: string): Form | undefined {
  return forms.filter(({ code }) => code === kind).sort((a, b) => a.version - b.version).at(-1);
}

/** What lists and pages say of a kind, whether it is code or a form. */
export function kindOf(forms: readonly Form[], kind: string): KindRule | undefined {
  const form = formOf(forms, kind);
  return form ? kindOfForm(form) : contracts.kinds[kind];
}

/** A screen of its own knows version 1 of its form. */
function screenOf(forms: readonly Form[], kind: string): Screen | undefined {
  return (formOf(forms, kind)?.version ?? 1) > 1 ? undefined : SCREENS[kind];
}

/** The kinds that are filled in by their form. */
export function formKinds(forms: readonly Form[]): string[] {
  const kinds = new Set([...contracts.forms, ...forms.map(({ code }) => code)]);
  return [...kinds].filter((kind) => roomOf(forms, kind) === logRoom(kind));
}

/** The path at which records of a kind are listed and written; null where a tablet writes none. */
export function roomOf(forms: readonly Form[], kind: string): string | null {
  const screen = screenOf(forms, kind);
  if (screen) return screen.room;
  return contracts.forms.includes(kind) || formOf(forms, kind) ? logRoom(kind) : null;
}

/** The path of the screen that a form is filled in at. */
export function logRoom(kind: string): string {
  return LOG + kind;
}

/** The kind of record that a path is the room of; "" for another path. */
export function logAt(path: string): string {
  return path.startsWith(LOG) ? path.slice(LOG.length) : "";
}

/** Where a refused entry is written again, filled in as it was; null for what can't be written in a form. */
export function pathAgain(forms: readonly Form[], row: OutboxRow): string | null {
  if (row.line.length === 0 || row.act === "void") return null;
  const screen = screenOf(forms, row.kind);
  if (screen) return row.act === "amend" ? null : screen.again(row);
  const room = roomOf(forms, row.kind);
  const of = row.act === "edit" ? row.record : entryOf(row).amends;
  return room && `${room}?copy=${row.id}${of ? `&of=${of}` : ""}`;
}

export function workerOf(row: OutboxRow): string {
  return String(entryOf(row).body["worker"]);
}
