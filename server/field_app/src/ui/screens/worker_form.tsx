// A person of the roster: a new one, changes, and the exit. An edit sends only what was changed.

import { useState } from "preact/hooks";
import { choices, contracts } from "../../contracts";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { found, type Item, type Written, writtenIn } from "../../store/view";
import { add, edit } from "../../store/write";
import { Choice } from "../parts/choice";
import { Field } from "../parts/field";
import { PhotoField } from "../parts/photo_field";
import { go } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";

const KIND = "worker";
const YES_NO = { yes: "是", no: "否" };
// What comes down masked can be replaced, but not shown: an empty field leaves it as it is.
const MASKED = { certificate_number: "certificate_masked", phone: "phone" };

export function WorkerForm({ id, copy }: { id: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const known = useLive(async () => (id ? ((await found(db, KIND, scope, id)) ?? null) : null), [db, scope, id]);
  const written = useLive(() => writtenIn(db, copy), [db, copy]);
  if (known === undefined || written === undefined || !site) return null;
  if (id && !known) return <p class="empty">本机没有这位人员。</p>;
  return known ? <Changes item={known} written={written} /> : <Newcomer scope={site.scope} company={site.body["company"]} written={written} />;
}

function Newcomer({ scope, company, written }: { scope: string; company: unknown; written: Written | null }) {
  const { db } = useSession();
  const save = useSave();
  const today = localDate(useNow());
  const [body, setBody] = useState<Body>(
    written?.body ?? { certificate_type: "id_card", role: "worker", company: company ?? "", entered_on: today },
  );
  const [photo, setPhoto] = useState(written?.photo ?? null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = withoutEmpty(tidy(body));
    const told = problems(KIND, clean);
    setWrong(told);
    if (Object.keys(told).length > 0) return showFirst();
    if (await save(() => add(db, scope, KIND, clean, photo ? [photo] : []), `已登记: ${String(clean["name"])}`)) go("/roster");
  };
  return (
    <form class="worker" onSubmit={keep} noValidate>
      <Title text="登记新人员" />
      <Fields body={body} wrong={wrong} set={(changes) => setBody({ ...body, ...changes })} />
      <PhotoField photo={photo} onTake={setPhoto} />
      <button class="main">保存</button>
    </form>
  );
}

function Changes({ item, written }: { item: Item; written: Written | null }) {
  const { db } = useSession();
  const save = useSave();
  const before = Object.fromEntries(Object.entries(item.body).filter(([name]) => !(name in MASKED)));
  const [body, setBody] = useState<Body>({ ...before, ...written?.body });
  const [photo, setPhoto] = useState(written?.photo ?? null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const keep = async (changes: Body, saved: string) => {
    const told = problems(KIND, { ...changes, entered_on: changes["entered_on"] ?? item.body["entered_on"] }, true);
    setWrong(told);
    if (Object.keys(told).length > 0) return showFirst();
    if (Object.keys(changes).length === 0) return go("/roster");
    if (await save(() => edit(db, item.scope, item.id, changes, photo ? [photo] : []), saved)) go("/roster");
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const changes = changed(before, tidy(body));
    const onlyPhoto = photo && Object.keys(changes).length === 0; // an edit says at least one field
    void keep(onlyPhoto ? { name: item.body["name"] } : changes, "已保存修改");
  };
  const name = String(item.body["name"]);
  const today = localDate(useNow());
  const hasLeft = Boolean(item.body["exited_on"]);
  return (
    <form class="worker" onSubmit={submit} noValidate>
      <Title text={name} />
      <Contested fields={item.body["contested"]} />
      <Fields body={body} wrong={wrong} set={(changes) => setBody({ ...body, ...changes })} known={item.body} />
      <PhotoField photo={photo} onTake={setPhoto} />
      <div class="keys">
        <button class="main">保存修改</button>
        {!hasLeft && (
          <button type="button" class="quiet" onClick={() => void keep({ exited_on: today }, `已登记退场: ${name}`)}>
            今日退场
          </button>
        )}
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

/** Two people changed the same field differently: both values are kept, and somebody decides. */
function Contested({ fields }: { fields: unknown }) {
  if (!Array.isArray(fields) || fields.length === 0) return null;
  const titles = fields.map((name) => contracts.kinds[KIND]!.fields[String(name)]?.title ?? String(name));
  return <p class="notice">这几项有冲突, 等待人工确认: {titles.join("、")}</p>;
}

interface FieldsProps {
  body: Body;
  wrong: Record<string, string>;
  set: (changes: Body) => void;
  known?: Body;
}

function Fields({ body, wrong, set, known }: FieldsProps) {
  const field = { kind: KIND, body, wrong, set };
  const asked = (name: "team_leader" | "canteen_staff", title: string) => (
    <Choice
      {...{ title, options: YES_NO, canBeNone: true }}
      value={body[name] === true ? "yes" : body[name] === false ? "no" : ""}
      onChange={(value) => set({ [name]: value === "" ? null : value === "yes" })}
    />
  );
  return (
    <div class="fields">
      <Field {...field} name="name" />
      <Field {...field} name="certificate_type" options={choices(KIND, "certificate_type")} />
      <Field {...field} name="certificate_number" mode="text" />
      {known && <Kept title="现有号码" value={known["certificate_masked"]} />}
      <Field {...field} name="phone" mode="tel" />
      {known && <Kept title="现有手机号" value={known["phone"]} />}
      <Field {...field} name="company" />
      <Field {...field} name="team" />
      <Field {...field} name="trade" options={contracts.words["trade"] ?? {}} />
      <Field {...field} name="role" options={choices(KIND, "role")} />
      <Field {...field} name="contract" options={choices(KIND, "contract")} />
      <Field {...field} name="entered_on" isDay />
      {known && <Field {...field} name="exited_on" isDay />}
      <Field {...field} name="dormitory" />
      {asked("team_leader", "班组长")}
      {asked("canteen_staff", "食堂人员")}
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
  const names = Object.keys(contracts.kinds[KIND]!.fields);
  const empty = (value: unknown) => (value === "" || value === undefined ? null : value);
  const differing = names.filter((name) => empty(before[name]) !== empty(after[name]));
  return Object.fromEntries(differing.map((name) => [name, empty(after[name])]));
}

function showFirst(): void {
  requestAnimationFrame(() => document.querySelector(".is-wrong")?.scrollIntoView({ block: "center" }));
}
