// A form being filled in: a new record, a correction of one, changes of one, or a refused entry that is written again.

import { useRef, useState } from "preact/hooks";
import { ruleOn } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { fieldOf, fieldsOf, type Form } from "../../domain/form";
import { changeProblems, freshBody, keptOf, type Problems, walk } from "../../domain/form_walk";
import { present } from "../../domain/people";
import type { Photo } from "../../domain/photos";
import type { Place } from "../../domain/places";
import { wasCode } from "../../domain/form_contracts";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { halfWritten } from "../../store/begun";
import type { FieldDatabase } from "../../store/database";
import { draftName } from "../../store/draft_names";
import { keepLast, lastKept } from "../../store/drafts";
import type { Item, Written } from "../../store/view";
import { add, amend, edit } from "../../store/write";
import { useDraft } from "../drafts";
import type { ChildForm } from "../forms";
import { Observed } from "../parts/observed";
import { PersonPicker } from "../parts/person_picker";
import { PhotoField } from "../parts/photo_field";
import { useNow, useSave, useSession } from "../session";
import { Children } from "./children";
import { FormItems } from "./items";
import { named, placeItem } from "./place_choice";
import { TravelWarning } from "./travel_warning";

/** `of`: the record that is corrected or changed. `from`: the refused entry that is written again. `preset`: what it begins
 * with, such as a slot. `parent`: the record that it belongs to, where that is known. `below`: forms whose records belong to
 * what is filled in. */
export interface FillInProps {
  form: Form;
  scope: string;
  place: Place | null;
  preset: Body;
  of: Item | null;
  from: Written | null;
  parent: string | null;
  below: readonly ChildForm[];
  workers: readonly Item[];
  onSaved: (body: Body) => void;
}

interface Filled {
  body: Body;
  fresh?: Body; // what it started with
  photos: Photo[];
  observed?: string; // as domain/backfill has it
}

export function FillIn(props: FillInProps) {
  const { form, scope, place, preset, of, from, parent, below, workers } = props;
  const { db, notify, offsetMs } = useSession();
  const now = useNow();
  const [isAsked, setAsked] = useState(false); // to save: now everything that is missing is said
  const [typing, setTyping] = useState(""); // the field that has the focus: what is half typed is not wrong yet
  const busy = useRef(0);
  const write = useWrite(props);
  const draft = useDraft<Filled>(draftName(scope, nameIn(props)), async () => {
    const before = from?.body ?? (of && bodyOf(form, of));
    const kept = before ? {} : await lastKept(db, form.code);
    const fresh = before ?? { ...freshBody(form, kept, localDate(now)), ...preset };
    const body: Body = { ...fresh, ...(place && named(form, place)), ...parentIn(form, parent) };
    return { body, fresh: body, photos: from?.photos ?? [], observed: observedText(from?.observedMs ?? null) };
  });
  if (!draft) return null;
  const { photos, observed = "" } = draft.value;
  const hidden = [...Object.keys(parentIn(form, parent)), fieldOf(form, "seen")?.name ?? ""]; // nobody types what was seen
  const { body } = draft.value;
  const set = (changes: Body) => draft.set((filled) => ({ body: { ...filled.body, ...changes } }));
  const setPhotos = (field: string, change: (own: readonly Photo[]) => Photo[]) => draft.set((filled) => withPhotos(filled, field, change));
  const today = localDate(observedMs(observed) ?? now);
  const context = { today, rule: (code: string) => ruleOn(code, today)?.value ?? null };
  const walked = walk(form, body, context);
  const isEdit = of !== null && form.nature === "register";
  const changes = isEdit ? changesOf(form, of, walked.body) : walked.body;
  const problems: Problems = isEdit ? changeProblems(form, changes, context) : walked.problems;
  const isAnswered = (field: string) => field in walked.body;
  const said = (field: string) => (isAsked || (isAnswered(field) && field !== typing) ? (problems[field] ?? walked.doubts[field] ?? "") : "");
  const keep = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (busy.current > 0) return notify("照片正在处理, 请稍候再保存。", "bad");
    if (Object.keys(problems).length > 0) return showFirst();
    if (observedProblem(observed, Date.now() + offsetMs)) return;
    if (isEdit && Object.keys(changes).length === 0) return notify("没有修改任何一项。", "bad");
    if (await isHalf(db, scope, below, draft.id)) return notify("属于这条记录的还有没写完的, 请先写完并保存, 或者不要它。", "bad");
    if (await write({ id: draft.id, body: changes, place: body["place_id"], photos: promised(form, walked.body, photos), observed })) {
      await draft.drop();
      await keepLast(db, form.code, keptOf(form, walked.body));
      props.onSaved(walked.body);
    }
  };
  const giveUp = async () => {
    await draft.drop();
    props.onSaved({});
  };
  const who = form.items.find((item) => item.file === "workers" && item === fieldsOf(form)[0]);
  const filling = { form, scope, body, photos, walked, today, isPlaced: place !== null, workers, hidden, said, set, setPhotos, onBusy: (by: number) => void (busy.current += by) };
  if (who && walked.required.has(who.name) && !body[who.name]) return <PersonPicker people={present(workers, today)} onPick={(person) => set({ [who.name]: person.id })} />;
  return (
    <form class="fill" onSubmit={keep} onFocusIn={(event) => setTyping(nameOfTarget(event))} onFocusOut={() => setTyping("")} noValidate>
      <FormItems {...filling} />
      <TravelWarning form={form} body={walked.body} today={today} />
      {!of && <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />}
      {takesPhotos(form) && <PhotoField photos={photos} onChange={(change) => draft.set((filled) => ({ photos: change(filled.photos) }))} onBusy={filling.onBusy} />}
      {!of && below.length > 0 && <Children {...{ below, scope }} parent={draft.id} onLeave={() => draft.set({})} onDrop={isBegun(draft.value) ? giveUp : undefined} />}
      <button class="main">{of ? (isEdit ? "保存修改" : "保存更正") : "保存"}</button>
    </form>
  );
}

interface Saved {
  id: string;
  body: Body;
  place: unknown;
  photos: readonly Photo[];
  observed: string;
}

/** Gives whether it is saved. */
function useWrite({ form, scope, of, from }: FillInProps): (what: Saved) => Promise<boolean> {
  const { db } = useSession();
  const save = useSave();
  return ({ id, body, place, photos, observed }) => {
    const about = fieldsOf(form).filter(({ role, file }) => role === "parent" || role === "worker" || file === "workers").map(({ name }) => body[name]);
    const further = { id, form: form.version, about: about.filter((one) => typeof one === "string") };
    const isByKind = placeItem(form)?.type === "select_one";
    const whole = isByKind && typeof place === "string" ? { ...body, place_id: place } : body;
    if (!of) return save(() => add(db, scope, form.code, whole, photos, { ...further, observedMs: observedMs(observed) }), "已记录", from?.id);
    if (form.nature === "register") return save(() => edit(db, scope, of.id, body, photos, further), "已保存修改", from?.id);
    return save(() => amend(db, scope, of.id, whole, photos, further), "已更正", from?.id);
  };
}

/** Which draft this is: of a refused entry, of a correction, of a parent, of a place, or simply the next one. */
function nameIn({ form, of, from, parent, place }: FillInProps): string {
  if (from) return `log ${form.code} ${from.id}`;
  if (of) return `log ${form.code} of ${of.id}`;
  if (parent) return `log ${form.code} in ${parent}`;
  return place ? `log ${form.code} at ${place.kind} ${place.name}` : `log ${form.code}`;
}

/** What a record says in this form. The photos that it has stay with it: they can be replaced, not taken over. */
function bodyOf(form: Form, { body }: Item): Body {
  const names = fieldsOf(form).filter(({ type, mask }) => type !== "image" && type !== "file" && !mask).map(({ name }) => name);
  return Object.fromEntries([...names, "place_id"].filter((name) => body[name] !== undefined && body[name] !== null).map((name) => [name, body[name]]));
}

/** The fields that are not what they were; an emptied one is null. */
function changesOf(form: Form, of: Item, body: Body): Body {
  const before = bodyOf(form, of);
  const differing = fieldsOf(form).filter(({ name }) => JSON.stringify(before[name] ?? null) !== JSON.stringify(body[name] ?? null));
  return Object.fromEntries(differing.map(({ name }) => [name, body[name] ?? null]));
}

function withPhotos({ body, photos }: Filled, field: string, change: (own: readonly Photo[]) => Photo[]): Partial<Filled> {
  const hashes = (body[field] ?? []) as string[];
  const own = change(photos.filter(({ sha256 }) => hashes.includes(sha256)));
  const named = own.map(({ sha256 }) => sha256);
  const others = photos.filter(({ sha256 }) => !hashes.includes(sha256) && !named.includes(sha256));
  return { body: { ...body, [field]: named }, photos: [...others, ...own] };
}

/** The photos that go with the entry: those that its fields name; all, where the form has no field for them. */
function promised(form: Form, body: Body, photos: readonly Photo[]): readonly Photo[] {
  if (takesPhotos(form)) return photos;
  const hashes = fieldsOf(form).filter(({ type }) => type === "image" || type === "file").flatMap(({ name }) => (body[name] ?? []) as string[]);
  return photos.filter(({ sha256 }) => hashes.includes(sha256));
}

/** Records of the kinds that were code before may have photos that no field names. */
function takesPhotos(form: Form): boolean {
  return wasCode(form) && !form.items.some(({ type }) => type === "image" || type === "file");
}

/** The record that it belongs to, which is not asked for. */
function parentIn(form: Form, parent: string | null): Body {
  const field = fieldOf(form, "parent");
  return field && parent ? { [field.name]: parent } : {};
}

async function isHalf(db: FieldDatabase, scope: string, below: readonly ChildForm[], parent: string): Promise<boolean> {
  const halves = await Promise.all(below.map(({ form }) => halfWritten(db, scope, form.code, parent)));
  return halves.some((half) => half !== null);
}

function isBegun({ body, photos, fresh = {} }: Filled): boolean {
  return photos.length > 0 || JSON.stringify(body) !== JSON.stringify(fresh);
}

function nameOfTarget({ target }: Event): string {
  return target instanceof HTMLInputElement ? target.name : "";
}

function showFirst(): void {
  requestAnimationFrame(() => document.querySelector(".is-wrong")?.scrollIntoView({ block: "center" }));
}
