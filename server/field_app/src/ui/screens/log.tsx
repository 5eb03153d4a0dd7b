// A log of any kind that has no screen of its own, made from its contract: today's records, a form for the next one, and the
// refused one that is written again.

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { choices, contracts, shownValue } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { present, personOf } from "../../domain/people";
import type { Photo } from "../../domain/photos";
import { placeKey, placeOf, placesOf } from "../../domain/places";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { draftName } from "../../store/drafts";
import { isStanding, type Item, listed, type Written, writtenIn } from "../../store/view";
import { add, voidRecord } from "../../store/write";
import { useDraft } from "../drafts";
import { logRoom, roomOf } from "../forms";
import { Choice } from "../parts/choice";
import { Field } from "../parts/field";
import { FormField } from "../parts/form_field";
import { Observed } from "../parts/observed";
import { PersonPicker } from "../parts/person_picker";
import { PhotoField } from "../parts/photo_field";
import { timeText, whenText } from "../parts/when";
import { onward } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";

const KEYS_MAX = 8; // a longer list is unfolded
const SHOWN_MAX = 3; // fields of a record in the list
const NAME_OF_PLACE = "place_name"; // says which of several places of a kind
const ID_OF_PLACE = "place_id";

export function LogScreen({ kind, place, copy }: { kind: string; place: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const logs = useLive(() => listed(db, kind, scope, today), [db, kind, scope, today]);
  const workers = useLive(() => listed(db, "worker", scope), [db, scope]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const [written, setWritten] = useState(0); // a form that was saved gives way to an empty one
  const rule = contracts.kinds[kind];
  if (!rule || !roomOf(kind)) return <p class="empty">没有这种记录。</p>;
  if (!logs || !workers || !site || copied === undefined) return null;
  const names = new Map(workers.map((worker) => [worker.id, personOf(worker).name]));
  const latest = logs.filter(isStanding).sort((a, b) => b.timeMs - a.timeMs);
  return (
    <section>
      <h1>{rule.title}</h1>
      <LogForm key={`${scope} ${copy} ${place} ${written}`} {...{ kind, place, workers }} scope={site.scope} from={copied} onSaved={() => setWritten(written + 1)} />
      <ul class="entries card">
        {latest.map((log) => (
          <Log key={log.id} log={log} names={names} />
        ))}
        {latest.length === 0 && <li class="muted">今日还没有记录。</li>}
      </ul>
    </section>
  );
}

function Log({ log, names }: { log: Item; names: ReadonlyMap<string, string> }) {
  const { db } = useSession();
  const save = useSave();
  return (
    <li>
      <span>
        {textOf(log, names)} <small>{timeText(log)}</small>
      </span>
      {log.state === "unsent" && (
        <button class="quiet small" onClick={() => void save(() => voidRecord(db, log.scope, log.id, "录入错误"), "")}>
          撤销
        </button>
      )}
    </li>
  );
}

/** The first things that a record says, in words. */
function textOf({ kind, body }: Item, names: ReadonlyMap<string, string>): string {
  const fields = contracts.kinds[kind]!.fields;
  const said = Object.keys(fields).filter((name) => body[name] !== undefined && body[name] !== null && !(name === "place" && body[NAME_OF_PLACE]));
  return said.slice(0, SHOWN_MAX).map((name) => (fields[name]!.type === "boolean" ? `${fields[name]!.title} ` : "") + shownValue(kind, name, body[name], names)).join(" ");
}

interface FormProps {
  kind: string;
  scope: string;
  place: string | null; // its key
  workers: readonly Item[];
  from: Written | null; // the refused one that is written again
  onSaved: () => void;
}

interface Filled {
  body: Body;
  photos: Photo[];
  observed?: string; // as domain/backfill has it
}

function LogForm({ kind, scope, place, workers, from, onSaved }: FormProps) {
  const { db, site, offsetMs } = useSession();
  const save = useSave();
  const { fields } = contracts.kinds[kind]!;
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const people = present(workers, localDate(useNow()));
  const chosen = placesOf(site).find((one) => placeKey(one) === place);
  const draft = useDraft<Filled>(draftName(scope, `log ${kind}${from ? ` ${from.id}` : ""}`), () => ({
    body: from?.body ?? {},
    photos: from?.photos ?? [],
    observed: observedText(from?.observedMs ?? null),
  }));
  if (!draft) return null;
  const { photos, observed = "" } = draft.value;
  const asked = chosen && draft.value.body["place"] === undefined ? namedPlace(fields, chosen) : {};
  const body: Body = { ...asked, ...draft.value.body };
  const set = (changes: Body) => draft.set((now) => ({ body: { ...asked, ...now.body, ...changes } }));
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null));
    const found = problems(kind, clean);
    setWrong(found);
    if (Object.keys(found).length > 0 || observedProblem(observed, Date.now() + offsetMs)) return;
    const goOn = onward();
    const write = () => add(db, scope, kind, clean, photos, { id: draft.id, observedMs: observedMs(observed) });
    if (!(await save(write, "已记录", from?.id))) return;
    await draft.drop();
    if (from || place) goOn(logRoom(kind));
    onSaved();
  };
  const form = { kind, body, wrong, set };
  const who = Object.keys(fields).find((name) => fields[name]!.refers === "worker" && !fields[name]!.optional && !body[name]);
  if (who) return <PersonPicker people={people} onPick={(person) => set({ [who]: person.id })} />;
  return (
    <form class="card" onSubmit={keep} noValidate>
      {Object.keys(fields).map((name) => (
        <Asked key={name} {...form} name={name} workers={workers} scope={scope} />
      ))}
      <Observed value={observed} onChange={(typed) => draft.set({ observed: typed })} />
      <PhotoField photos={photos} onChange={(change) => draft.set((now) => ({ photos: change(now.photos) }))} />
      <button class="main">保存</button>
    </form>
  );
}

function namedPlace(fields: object, { kind, name }: { kind: string; name: string }): Body {
  return { place: kind, ...(NAME_OF_PLACE in fields && { [NAME_OF_PLACE]: name }) };
}

interface AskedProps {
  kind: string;
  name: string;
  body: Body;
  wrong: Record<string, string>;
  set: (changes: Body) => void;
  workers: readonly Item[];
  scope: string;
}

/** One question, in the way that fits what it asks for. */
function Asked(props: AskedProps) {
  const { kind, name, body, wrong, set } = props;
  const { fields } = contracts.kinds[kind]!;
  const rule = fields[name]!;
  const title = `${rule.title}${rule.optional ? " (可不选)" : ""}`;
  const options = choices(kind, name);
  const keys = (named: Record<string, string>, value: string, onChange: (value: string) => void) => (
    <>
      <Choice {...{ title, options: named, value, onChange }} canBeNone={rule.optional} />
      {wrong[name] && <p class="wrong" role="alert">{wrong[name]}</p>}
    </>
  );
  if (rule.role === "place") return <PlaceField {...props} keys={keys} />;
  if ((name === NAME_OF_PLACE || name === ID_OF_PLACE) && fields["place"]?.role === "place") return null; // go with the place
  if (rule.refers === "worker") return <WorkerField {...props} />;
  if (rule.refers) return <ReferredField {...props} refers={rule.refers} />;
  const count = Object.keys(options).length;
  if (rule.checks.some((check) => check.rule === "choice") && count <= KEYS_MAX) return keys(options, String(body[name] ?? ""), (value) => set({ [name]: value }));
  return (
    <div class="fields">
      <FormField {...props} />
    </div>
  );
}

type Keys = (named: Record<string, string>, value: string, onChange: (value: string) => void) => JSX.Element;

function PlaceField({ kind, body, set, keys }: AskedProps & { keys: Keys }) {
  const { site } = useSession();
  const { fields } = contracts.kinds[kind]!;
  const places = placesOf(site);
  const options = Object.fromEntries(places.map((place) => [placeKey(place), place.name]));
  if (places.length === 0) return <p class="empty">这个工地还没有登记场所。</p>;
  const chosen = body["place"] ? placeOf(body) : null;
  const same = places.find((place) => chosen && place.kind === chosen.kind && (!body[NAME_OF_PLACE] || place.name === chosen.name));
  const choose = (key: string) => {
    const place = places.find((one) => placeKey(one) === key);
    set(place ? namedPlace(fields, place) : { place: null, ...(NAME_OF_PLACE in fields && { [NAME_OF_PLACE]: null }) });
  };
  return keys(options, same ? placeKey(same) : "", choose);
}

function WorkerField(props: AskedProps) {
  const { kind, name, body, set, workers } = props;
  const chosen = workers.find((worker) => worker.id === body[name]);
  const people = present(workers, localDate(useNow()));
  if (!chosen) return <div class="fields"><Field {...props} options={Object.fromEntries(people.map((person) => [person.id, person.name]))} /></div>;
  return (
    <p>
      {contracts.kinds[kind]!.fields[name]!.title}: <strong>{personOf(chosen).name}</strong>{" "}
      <button type="button" class="quiet small" onClick={() => set({ [name]: null })}>
        更换
      </button>
    </p>
  );
}

/** Another record of this site, the latest first. */
function ReferredField({ refers, scope, ...props }: AskedProps & { refers: string }) {
  const { db } = useSession();
  const records = useLive(() => listed(db, refers, scope), [db, refers, scope]);
  if (!records) return null;
  const standing = records.filter(isStanding).sort((a, b) => b.timeMs - a.timeMs);
  const options = Object.fromEntries(standing.map((one) => [one.id, `${whenText(one)} ${textOf(one, new Map())}`]));
  return (
    <div class="fields">
      <Field {...props} options={options} />
    </div>
  );
}
