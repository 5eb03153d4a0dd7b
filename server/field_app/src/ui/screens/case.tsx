// 个案: a fever, symptoms, a yellow or red code, a stay in a risk area. Isolate, report to three offices within the limit, and
// in the end say what it was.

import { useState } from "preact/hooks";
import { choices, contracts } from "../../contracts";
import { type Case, caseOf, urgency } from "../../domain/cases";
import { type Person, personOf } from "../../domain/people";
import { reportLines } from "../../domain/report_lines";
import { earlyText, isFever, retests } from "../../domain/temperature";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { localDate, localTime, parseMs, wallText } from "../../protocol/time";
import type { FieldDatabase } from "../../store/database";
import { found, isStanding, type Item, listed, writtenIn } from "../../store/view";
import { add, edit, voidRecord } from "../../store/write";
import { Choice } from "../parts/choice";
import { ContestedNames } from "../parts/contested";
import { Field, numberOf } from "../parts/field";
import { spanText } from "../parts/span";
import { onward } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";
import { CASE, PASS, READING, WORKER } from "../../domain/code_kinds";
import { formsOn } from "../../store/forms";
import { Children } from "../form/children";
import { childForms } from "../forms";

const KIND = CASE;
const STEPS = { isolated: "已隔离", community_reported: "已向社区报备", headquarters_reported: "已向指挥部报备", bureau_reported: "已向住建局报备" };
const WRITTEN_BY_MISTAKE = "误建个案";

interface Asked {
  id: string | null;
  worker: string | null; // the person of a new case
  cause: string | null;
  code: string | null; // the health code, where that is the cause
  copy: string | null; // a refused entry that is written again
}

/** One case: the one that is named, the open one of a person, or a new one of that person. */
export function CaseScreen({ id, worker, cause, code, copy }: Asked) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const read = useLive(async () => readCase(db, scope, id, worker), [db, scope, id, worker]);
  const today = localDate(useNow());
  const checks = useLive(() => listed(db, READING, scope, today), [db, scope, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (!read || !checks || !site || copied === undefined) return null;
  const { person, item } = read;
  if (!person) return <p class="empty">本机没有这位人员。</p>;
  if (item) return <CaseFile known={caseOf(item)} person={person} copy={copied?.id} />;
  const readings = checks.filter((one) => isStanding(one) && one.body["worker"] === person.id).map((one) => Number(one.body["celsius"]));
  const highest = Math.max(...readings.filter((celsius) => isFever(celsius)));
  const celsius = cause === "fever" && Number.isFinite(highest) ? highest : null;
  const retest = retests(checks).get(person.id);
  const seen = code ? `门岗查验: ${choices(PASS, "health_code")[code] ?? code}` : "";
  const note = [seen, cause === "fever" && retest ? earlyText(retest) : ""].filter(Boolean).join("; ");
  const body = copied?.body ?? { worker: person.id, cause: cause ?? "", celsius, isolation_place: isolationRoom(site), note };
  return <NewCase key={person.id} site={site} person={person} written={body} copy={copied?.id} />;
}

async function readCase(db: FieldDatabase, scope: string, id: string | null, worker: string | null) {
  const named = id ? await found(db, KIND, scope, id) : undefined;
  const open = (await listed(db, KIND, scope)).map(caseOf).find((one) => one.isOpen && one.worker === worker);
  const item = named ?? open?.item ?? null;
  const who = await found(db, WORKER, scope, String(item?.body["worker"] ?? worker));
  return { item, person: who ? personOf(who) : null };
}

interface NewProps {
  site: Item;
  person: Person;
  written: Body;
  copy: string | undefined;
}

function NewCase({ site, person, written, copy }: NewProps) {
  const { db } = useSession();
  const save = useSave();
  const [body, setBody] = useState(written);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const set = (changes: Body) => setBody((before) => ({ ...before, ...changes }));
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== "" && value !== null));
    const invalid = problems(KIND, clean);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0) return;
    const goOn = onward();
    let id = "";
    if (await save(async () => (id = await add(db, site.scope, KIND, clean)), "", copy)) goOn(`/cases/case?id=${id}`);
  };
  const field = { kind: KIND, body, wrong, set };
  return (
    <form class="case" onSubmit={keep} noValidate>
      <CaseTitle text={`健康异常个案: ${person.name}`} small={person.team} />
      <p class="alert">请先将本人带到隔离地点, 再立案。立案后按提示隔离、报备。</p>
      <Choice title="起因" options={choices(KIND, "cause")} value={String(body["cause"] ?? "")} onChange={(one) => set({ cause: one })} />
      {wrong["cause"] && <p class="wrong">{wrong["cause"]}</p>}
      <div class="fields">
        <Field {...field} name="celsius" read={numberOf} mode="decimal" />
        <Field {...field} name="isolation_place" />
        <Field {...field} name="note" />
      </div>
      <button class="main">立案</button>
    </form>
  );
}

/** The site's isolation room, if it has one by name. */
function isolationRoom(site: Item): string {
  const places = (site.body["places"] as { kind: string; name: string }[] | undefined) ?? [];
  return places.find((place) => place.kind === "isolation_room")?.name ?? "";
}

function CaseFile({ known, person, copy }: { known: Case; person: Person; copy: string | undefined }) {
  const { db, offsetMs, forms } = useSession();
  const save = useSave();
  const now = useNow();
  const below = childForms(formsOn(forms, localDate(now)).values(), KIND);
  const { item, isOpen } = known;
  const { body } = item;
  const change = (changes: Body, saved: string) => save(() => edit(db, item.scope, item.id, changes), saved, copy);
  return (
    <section class="case">
      <CaseTitle text={person.name} small={`${person.team} · ${choices(KIND, "cause")[String(body["cause"])]}`} />
      <ContestedNames kind={KIND} item={item} />
      {body["voided"] === true && <p class="notice">这个个案已作废。</p>}
      {isOpen && <Deadline known={known} now={now} />}
      {isOpen && <Lines today={localDate(now)} />}
      <dl class="card facts">
        <dt>立案</dt>
        <dd>{momentText(known.openedMs, now)}</dd>
        {["celsius", "isolation_place", "note", "evidence"].map((name) => body[name] !== undefined && body[name] !== null && [
          <dt key={name}>{titleOf(name)}</dt>,
          <dd key={`${name} value`}>{String(body[name])}</dd>,
        ])}
        {body["outcome"] ? [<dt key="outcome">结果</dt>, <dd key="is">{choices(KIND, "outcome")[String(body["outcome"])]}</dd>] : null}
      </dl>
      <ul class="steps">
        {Object.entries(STEPS).map(([name, title]) => (
          <Step
            key={name}
            {...{ title, now, isOpen, doneMs: parseMs(body[name]) }}
            onDone={() => void change({ [name]: wallText(Date.now() + offsetMs) }, "")}
            onUndone={() => void change({ [name]: null }, "")}
          />
        ))}
      </ul>
      {isOpen && <Outcome item={item} onKeep={change} />}
      {below.length > 0 && <Children below={below} scope={item.scope} parent={item.id} />}
      {isOpen && <Mistake onYes={() => void save(() => voidRecord(db, item.scope, item.id, WRITTEN_BY_MISTAKE), "个案已作废")} />}
    </section>
  );
}

function CaseTitle({ text, small }: { text: string; small: string }) {
  return (
    <header>
      <a class="back" href="#/cases" aria-label="返回">
        ‹
      </a>
      <h1>
        {text} <small>{small}</small>
      </h1>
    </header>
  );
}

function titleOf(name: string): string {
  return contracts.kinds[KIND]!.fields[name]!.title;
}

function momentText(ms: number, now: number): string {
  return localDate(ms) === localDate(now) ? localTime(ms) : `${localDate(ms).slice(5)} ${localTime(ms)}`;
}

/** What is not reported yet, and how long there is. */
function Deadline({ known, now }: { known: Case; now: number }) {
  if (known.missing.length === 0) return <p class="notice is-good">已全部报备。</p>;
  const left = known.limitMs - now;
  const missing = known.missing.map((name) => titleOf(name).replace("向", "")).join("、");
  return (
    <p class={urgency(known, now) === "bad" ? "alert" : "notice"} role="status">
      <strong>{left > 0 ? `还有 ${spanText(left)}` : `已超过时限 ${spanText(-left)}`}</strong> 未报: {missing}{" "}
      <small>
        {known.limit.value} 小时内报备, 依据: {known.limit.source}
      </small>
    </p>
  );
}

/** Whom to report to, to call with one tap, also without a network. */
function Lines({ today }: { today: string }) {
  const { db, site } = useSession();
  const rows = useLive(async () => (await listed(db, "report_line", "ref")).map(({ body }) => body), [db]);
  if (!rows || !site) return null;
  const lines = reportLines(rows, String(site.body["district"] ?? ""), site.id, today);
  if (lines.length === 0) return null;
  return (
    <ul class="card lines" aria-label="报备电话">
      {lines.map(({ part, name, phone }) => (
        <li key={part}>
          {name} {phone ? <a class="button second" href={`tel:${phone}`}>{phone}</a> : <span class="muted">电话待填</span>}
        </li>
      ))}
    </ul>
  );
}

interface StepProps {
  title: string;
  doneMs: number | null;
  now: number;
  isOpen: boolean;
  onDone: () => void;
  onUndone: () => void;
}

function Step({ title, doneMs, now, isOpen, onDone, onUndone }: StepProps) {
  if (doneMs === null) {
    return <li>{isOpen ? <button class="main" onClick={onDone}>{title}</button> : <span class="muted">没有记录: {title}</span>}</li>;
  }
  return (
    <li class="done">
      <span>
        ✓ {title} <small>{momentText(doneMs, now)}</small>
      </span>
      {isOpen && (
        <button class="quiet" onClick={onUndone}>
          撤销
        </button>
      )}
    </li>
  );
}

function Outcome({ item, onKeep }: { item: Item; onKeep: (changes: Body, saved: string) => Promise<boolean> }) {
  const [body, setBody] = useState<Body>({ outcome: "", evidence: item.body["evidence"] ?? "" });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const set = (changes: Body) => setBody((before) => ({ ...before, ...changes }));
  const keep = async (event: Event) => {
    event.preventDefault();
    const invalid = { ...(!body["outcome"] && { outcome: contracts.kinds[KIND]!.fields["cause"]!.missing }), ...problems(KIND, { ...item.body, ...body }) };
    setWrong(invalid);
    if (Object.keys(invalid).length === 0) await onKeep(body, "已结案");
  };
  return (
    <details class="card">
      <summary>结果与依据</summary>
      <form onSubmit={keep} noValidate>
        <Choice title="结果" options={choices(KIND, "outcome")} value={String(body["outcome"])} onChange={(outcome) => set({ outcome })} />
        {wrong["outcome"] && <p class="wrong">{wrong["outcome"]}</p>}
        <Field {...{ kind: KIND, body, wrong, set }} name="evidence" />
        <button class="main">结案</button>
      </form>
    </details>
  );
}

function Mistake({ onYes }: { onYes: () => void }) {
  const [isAsking, setAsking] = useState(false);
  if (!isAsking) {
    return (
      <button class="quiet wide" onClick={() => setAsking(true)}>
        误建, 作废
      </button>
    );
  }
  return (
    <div class="alert ask">
      <p>作废后仍可查阅, 但不能恢复。确定这个个案是误建的吗?</p>
      <button onClick={onYes}>确定作废</button>
      <button class="quiet" onClick={() => setAsking(false)}>
        不作废
      </button>
    </div>
  );
}
