// Which screen fills in which kind of record: a form its own, as it says; the kinds that are code those of this table.

import { contracts, type KindRule } from "../contracts";
import { CASE, PASS, READING, WORKER } from "../domain/code_kinds";
import { FLAG } from "../domain/flags";
import { fieldOf, type Form, type FormItem } from "../domain/form";
import type { OutboxRow } from "../store/database";
import { kindOfForm } from "../store/forms";
import { entryOf } from "../store/view";

interface Screen {
  room: string;
  again: (row: OutboxRow) => string; // where a refused entry is written again
  page?: (id: string) => string; // of one record
}

const SCREENS: Record<string, Screen> = {
  [WORKER]: { room: "/roster", again: (row) => `/roster/worker?copy=${row.id}${row.act === "edit" ? `&id=${row.record}` : ""}` },
  [READING]: { room: "/temperature", again: (row) => `/temperature?worker=${workerOf(row)}&slot=${String(entryOf(row).body["slot"])}&copy=${row.id}` },
  [PASS]: { room: "/gate", again: (row) => `/gate?worker=${workerOf(row)}&copy=${row.id}` },
  [CASE]: { room: "/cases", again: (row) => `/cases/case?copy=${row.id}&${row.act === "edit" ? `id=${row.record}` : `worker=${workerOf(row)}`}`, page: (id) => `/cases/case?id=${id}` },
};
/** A flag has a page, and is written by nobody here. */
const FLAGS = "/flags";
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

/** A form whose records belong to those of another kind, and the field that names them. */
export interface ChildForm {
  form: Form;
  field: FormItem;
}

/** Of forms that are offered, those whose records belong to records of a kind. */
export function childForms(offered: Iterable<Form>, kind: string): ChildForm[] {
  const found = [...offered].map((form) => ({ form, field: fieldOf(form, "parent") }));
  return found.filter((one): one is ChildForm => one.field?.file === kind);
}

/** The path at which records of a kind are listed and written; null where a tablet writes none. */
export function roomOf(forms: readonly Form[], kind: string): string | null {
  return SCREENS[kind]?.room ?? (formOf(forms, kind) ? logRoom(kind) : null);
}

/** The path of the screen that a form is filled in at. */
export function logRoom(kind: string): string {
  return LOG + kind;
}

/** The page of one record, or of the form that it is being written in. */
export function pageOf(forms: readonly Form[], kind: string, id: string): string {
  const screen = SCREENS[kind];
  if (kind === FLAG) return `${FLAGS}?id=${id}`;
  return screen ? (screen.page?.(id) ?? screen.room) : formOf(forms, kind) ? `${logRoom(kind)}?record=${id}` : "/today";
}

/** The kind of record that a path is the room of; "" for another path. */
export function logAt(path: string): string {
  return path.startsWith(LOG) ? path.slice(LOG.length) : "";
}

/** Where a refused entry is written again, filled in as it was; null for what can't be written in a form. */
export function pathAgain(forms: readonly Form[], row: OutboxRow): string | null {
  if (row.line.length === 0 || row.act === "void") return null;
  const screen = SCREENS[row.kind];
  if (screen) return row.act === "amend" ? null : screen.again(row);
  const room = roomOf(forms, row.kind);
  const of = row.act === "edit" ? row.record : entryOf(row).amends;
  return room && `${room}?copy=${row.id}${of ? `&of=${of}` : ""}`;
}

export function workerOf(row: OutboxRow): string {
  return String(entryOf(row).body["worker"]);
}
