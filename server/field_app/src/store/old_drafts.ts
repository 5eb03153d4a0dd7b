// Drafts as earlier versions of this app kept them: it had screens of its own for forms that it knew by name.

import type { Note } from "./database";
import { draftName, partsOf } from "./draft_names";

const [LOG, ROUND, FINDING] = ["disinfection_log", "inspection_round", "inspection_finding"];

interface Value {
  id: string;
  purpose?: string; // of a round that went on
  value?: { body?: object; photos?: unknown[]; observed?: string };
}

/** The same drafts under the names of today. A round that went on is a form that was begun, with what was written of its end;
 * its finding belongs to it. */
export function draftsNow(notes: readonly Note[]): Note[] {
  const goingIds = notes.filter(({ name }) => partsOf(name).form === "round").map(({ value }) => (value as Value).id);
  const endOf = (id: string) => notes.find(({ name }) => partsOf(name).form === "finish" && partsOf(name).of === id)?.value as Value | undefined;
  return notes.flatMap(({ name, value }) => {
    const { scope, form, of } = partsOf(name);
    const named = (now: string) => [{ name: draftName(scope, `log ${now}`), value }];
    if (form === "disinfect") return named(`${LOG}${of.includes(" ") ? " at" : ""} ${of}`);
    if (form === "finding") return named(goingIds.includes(of) ? `${FINDING} in ${of}` : `${FINDING} ${of}`);
    if (form === "finish") return goingIds.includes(of) ? [] : named(`${ROUND} ${of}`);
    if (form !== "round") return [{ name, value }];
    const { id, purpose } = value as Value;
    const end = endOf(id)?.value;
    return [{ name: draftName(scope, `log ${ROUND}`), value: { id, value: { body: { purpose, ...end?.body }, photos: [], observed: end?.observed ?? "" } } }];
  });
}
