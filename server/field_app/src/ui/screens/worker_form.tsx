// A person of the roster: a new one, changes, and the exit. An edit sends only what was changed.

import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { contracts } from "../../contracts";
import { mayBe, type Person, personOf, present } from "../../domain/people";
import { mayBeEmpty, problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { type Asked, askedOfPerson } from "../../reference";
import type { Photo } from "../../domain/photos";
import { draftName } from "../../store/draft_names";
import { found, type Item, listed, type Written, writtenIn } from "../../store/view";
import { add, edit } from "../../store/write";
import { useDraft } from "../drafts";
import { ContestedNames } from "../parts/contested";
import { FormField } from "../parts/form_field";
import { PhotoField } from "../parts/photo_field";
import { Portrait } from "../parts/portrait";
import { AlreadyThere, Twins } from "../parts/same_person";
import { WorkerHistory } from "../parts/worker_history";
import { go, onward } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";
import { WORKER } from "../../domain/code_kinds";

const KIND = WORKER;
const FIELDS = contracts.kinds[KIND]!.fields;
const EXIT = "exited_on"; // says nothing of somebody who comes

// A photo travels with an entry, and an edit must say something. This field says what it said: hardly anybody changes it, and
// where somebody does at the same time, its merge rule keeps the server's value. Name or exit date would be overwritten.
const CARRIER = "certificate_type";

export function WorkerForm({ id, copy }: { id: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const workers = useLive(() => listed(db, KIND, scope), [db, scope]);
  const known = useLive(async () => (id ? ((await found(db, KIND, scope, id)) ?? null) : null), [db, scope, id]);
  const written = useLive(() => writtenIn(db, copy), [db, copy]);
  if (known === undefined || written === undefined || !workers || !site) return null;
  if (id && !known) return <p class="empty">本机没有这位人员。</p>;
  const asked = askedOfPerson(site.body["kind"]);
  if (known) return <Changes key={known.id} {...{ item: known, written, workers, asked }} />;
  return <Newcomer {...{ scope: site.scope, company: site.body["company"], written, workers, asked }} />;
}

interface NewcomerProps {
  scope: string;
  company: unknown;
  written: Written | null;
  workers: readonly Item[];
  asked: Asked;
}

function Newcomer({ scope, company, written, workers, asked }: NewcomerProps) {
  const { db } = useSession();
  const save = useSave();
  const today = localDate(useNow());
  const usual = { company: company ?? "", role: "worker" };
  const preset = Object.fromEntries(Object.entries(usual).filter(([name]) => !asked.spared.includes(name)));
  const empty = { certificate_type: "id_card", ...preset, entered_on: today };
  const draft = useDraft<{ body: Body; photos: Photo[] }>(draftName(scope, `worker ${written?.id ?? "new"}`), () => ({
    body: written?.body ?? empty,
    photos: written?.photos ?? [],
  }));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [known, setKnown] = useState<readonly Person[]>([]);
  if (!draft) return null;
  const { body, photos } = draft.value;
  const keep = async (isOther: boolean) => {
    const clean = withoutEmpty(tidy(body));
    const invalid = problems(KIND, clean, false, asked);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0) return showFirst();
    const same = isOther ? [] : mayBe(clean, workers);
    setKnown(same);
    if (same.length > 0) return;
    const goOn = onward();
    const write = () => add(db, scope, KIND, clean, photos, { id: draft.id });
    if (!(await save(write, `已登记: ${String(clean["name"])}`, written?.id))) return;
    await draft.drop();
    goOn("/roster");
  };
  return (
    <form class="worker" onSubmit={(event) => (event.preventDefault(), void keep(false))} noValidate>
      <Title text="登记新人员" />
      <Fields body={body} wrong={wrong} asked={asked} set={(changes) => draft.set((now) => ({ body: { ...now.body, ...changes } }))} />
      <PhotoField photos={photos} onChange={(change) => draft.set((now) => ({ photos: change(now.photos) }))} max={1} />
      {known.length > 0 && <AlreadyThere people={known} onOther={() => void keep(true)} />}
      <button class="main">保存</button>
    </form>
  );
}

function Changes({ item, written, workers, asked }: { item: Item; written: Written | null; workers: readonly Item[]; asked: Asked }) {
  const { db } = useSession();
  const save = useSave();
  const before = Object.fromEntries(Object.entries(item.body).filter(([name]) => !FIELDS[name]?.served));
  const [body, setBody] = useState<Body>({ ...before, ...written?.body });
  const [photos, setPhotos] = useState<Photo[]>(written?.photos ?? []);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [known, setKnown] = useState<readonly Person[]>([]);
  const keep = async (changes: Body, saved: string, isOther = false) => {
    const invalid = problems(KIND, { ...changes, entered_on: changes["entered_on"] ?? item.body["entered_on"] }, true, asked);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0) return showFirst();
    if (Object.keys(changes).length === 0) return go("/roster");
    const number = changes["certificate_number"];
    const type = changes["certificate_type"] ?? item.body["certificate_type"];
    const others = workers.filter((one) => one.id !== item.id);
    const same = isOther ? [] : mayBe({ certificate_type: type, certificate_number: number }, others);
    setKnown(same);
    if (same.length > 0) return;
    const goOn = onward();
    if (await save(() => edit(db, item.scope, item.id, changes, photos), saved, written?.id)) goOn("/roster");
  };
  const submit = (isOther: boolean) => {
    const changes = changed(before, tidy(body));
    const onlyPhoto = photos.length > 0 && Object.keys(changes).length === 0;
    void keep(onlyPhoto ? { [CARRIER]: item.body[CARRIER] } : changes, "已保存修改", isOther);
  };
  const name = String(item.body["name"]);
  const today = localDate(useNow());
  const hasLeft = Boolean(item.body["exited_on"]);
  return (
    <form class="worker" onSubmit={(event) => (event.preventDefault(), submit(false))} noValidate>
      <Title text={name} />
      <Twins person={personOf(item)} people={present(workers, today)} />
      <ContestedNames kind={KIND} item={item} />
      <Portrait worker={item.id} />
      <WorkerHistory worker={item} />
      <Fields body={body} wrong={wrong} asked={asked} set={(changes) => setBody((now) => ({ ...now, ...changes }))} known={item.body} />
      <PhotoField photos={photos} onChange={setPhotos} max={1} />
      {known.length > 0 && <AlreadyThere people={known} onOther={() => submit(true)} />}
      <div class="keys">
        <button class="main">保存修改</button>
        {hasLeft ? (
          <button type="button" class="quiet" onClick={() => void keep({ entered_on: today, exited_on: null }, `已登记再次进场: ${name}`)}>
            今日再次进场
          </button>
        ) : (
          <button type="button" class="quiet" onClick={() => void keep({ exited_on: today }, `已登记退场: ${name}`)}>
            今日退场
          </button>
        )}
        <a class="button quiet" href={`#/cases/case?worker=${item.id}`}>
          报告健康异常
        </a>
      </div>
    </form>
  );
}

function Title({ text }: { text: string }) {
  return (
    <header>
      <a class="back" href="#/roster" aria-label="返回">
        ‹
      </a>
      <h1>{text}</h1>
    </header>
  );
}

interface FieldsProps {
  body: Body;
  wrong: Record<string, string>;
  set: (changes: Body) => void;
  known?: Body;
  asked: Asked;
}

/** What comes down masked can be replaced, but not shown: an empty field leaves it as it is. */
function Fields({ body, wrong, set, known, asked }: FieldsProps) {
  const names = Object.keys(FIELDS).filter((name) => known || name !== EXIT);
  const field = { kind: KIND, body, wrong, set };
  return (
    <div class="fields">
      {names.map((name) => (
        <Fragment key={name}>
          <FormField {...field} name={name} isOptional={mayBeEmpty(name, FIELDS[name]!, asked)} />
          {known && FIELDS[name]?.served && <Kept title={`现有${FIELDS[name].title}`} value={known[FIELDS[name].served]} />}
        </Fragment>
      ))}
    </div>
  );
}

function Kept({ title, value }: { title: string; value: unknown }) {
  return value ? (
    <p class="muted kept">
      {title}: {String(value)} (不改请留空)
    </p>
  ) : null;
}

/** As people type numbers: spaces, hyphens and a small x. */
function tidy(body: Body): Body {
  const plain = (value: unknown) => (typeof value === "string" ? value.trim() : value);
  const tidied = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, plain(value)]));
  for (const name of ["certificate_number", "company"]) {
    if (typeof tidied[name] === "string") tidied[name] = String(tidied[name]).replaceAll(/[\s-]/g, "").toUpperCase();
  }
  if (typeof tidied["phone"] === "string") tidied["phone"] = tidied["phone"].replaceAll(/[\s-]/g, "").replace(/^\+?86(?=1)/, "");
  return tidied;
}

function withoutEmpty(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null && value !== undefined));
}

/** The fields that are not what they were; an emptied one is null. */
function changed(before: Body, after: Body): Body {
  const names = Object.keys(FIELDS);
  const empty = (value: unknown) => (value === "" || value === undefined ? null : value);
  const differing = names.filter((name) => empty(before[name]) !== empty(after[name]));
  return Object.fromEntries(differing.map((name) => [name, empty(after[name])]));
}

function showFirst(): void {
  requestAnimationFrame(() => document.querySelector(".is-wrong")?.scrollIntoView({ block: "center" }));
}
