// 今日: the round of the day. The most urgent site first; what is due, by when, and whom to measure next; one touch leads to
// the work.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { choices, word } from "../../contracts";
import { type Case, openCases, withoutCase } from "../../domain/cases";
import { asked, type Due, dues, type Standing } from "../../domain/duties";
import type { Form } from "../../domain/form";
import { insideNow } from "../../domain/heads";
import { crewsOf } from "../../domain/lane";
import type { Person } from "../../domain/people";
import { knownPlaces, placeKey, placesOf, placeWords } from "../../domain/places";
import { type Ring, ringOf, type Waiting } from "../../domain/ring";
import { isDone, retests, slotAt } from "../../domain/temperature";
import { localDate, localTime, parseMs } from "../../protocol/time";
import { readSiteDay, type SiteDay } from "../../store/site_day";
import type { Item } from "../../store/view";
import { Later } from "../parts/later";
import { AskToRemind } from "../parts/reminder";
import { useStill } from "../parts/still";
import { spanText } from "../parts/span";
import { kindOf, logRoom, pageOf, roomOf } from "../forms";
import { laneRoom } from "../lanes";
import { useLive, useNow, useSession } from "../session";
import { CaseLine, nameOf } from "../parts/case_line";
import { READING } from "../../domain/code_kinds";

const NAMES_SHOWN = 12;
const WEEKDAYS = "日一二三四五六";
const PRESSING: Standing[] = ["overdue", "due", "review", "recorded"];

export function Today() {
  const { db, site, sites, forms, duties } = useSession();
  const now = useNow();
  const today = localDate(now);
  const scopes = sites.map((site) => site.scope).join(" ");
  const read = useLive(() => Promise.all(sites.map((site) => readSiteDay(db, site, today, { forms, duties }, now))), [db, scopes, today, forms, duties]);
  const weighed = useMemo(() => (read ?? []).map((day) => ({ id: day.site.scope, day, due: dues(day, now) })).sort(byUrgency), [read, now]);
  const days = useStill(weighed, scopes);
  const shown = useRef(site?.scope); // the most urgent first, until somebody asks for another site at the head
  useEffect(() => {
    const card = document.getElementById(site?.scope ?? "");
    if (!card) return; // the day is still being read
    if (shown.current !== site?.scope) card.scrollIntoView();
    shown.current = site?.scope;
  }, [site?.scope, days.length]);
  const weekday = WEEKDAYS[new Date(`${today}T12:00:00Z`).getUTCDay()];
  return (
    <section>
      <header class="title">
        <h1>
          今日 <small>{Number(today.slice(5, 7))} 月 {Number(today.slice(8))} 日 星期{weekday}</small>
        </h1>
        <a class="button second" href="#/mine">
          我做的
        </a>
      </header>
      {db.hasPin && <Later load={handed} with={{}} />}
      {sites.length === 0 && <p class="empty">还没有分派给您的地点。有网络时会自动更新。</p>}
      {days.map(({ day, due }) => (
        <SiteCard key={day.site.scope} day={day} due={due} now={now} />
      ))}
      <AskToRemind />
    </section>
  );
}

const handed = async () => (await import("../parts/handed")).Handed;

interface Weighed {
  id: string;
  day: SiteDay;
  due: Due[];
}

function byUrgency(a: Weighed, b: Weighed): number {
  const unreported = ({ day }: Weighed) => openCases(day.cases).filter((one) => one.missing.length > 0).length;
  return unreported(b) - unreported(a) || count(b.due, "overdue") - count(a.due, "overdue") || count(b.due, "due") - count(a.due, "due");
}

function count(due: readonly Due[], standing: Standing): number {
  return due.filter((one) => one.standing === standing).length;
}

function SiteCard({ day, due, now }: Omit<Weighed, "id"> & { now: number }) {
  const { chooseSite, site: chosen, sites } = useSession();
  const { site } = day;
  const slot = slotAt(now, day.duties);
  const { expected, toDo } = asked(day, slot);
  const ring = ringOf(due, waitingAt(day), parseMs(`${localDate(now)}T24:00:00+08:00`) ?? now);
  const [overdue, toCome] = [count(due, "overdue"), count(due, "due")];
  const pressing = due.filter((one) => PRESSING.includes(one.standing));
  const rest = due.filter((one) => !PRESSING.includes(one.standing));
  return (
    <article class={chosen?.scope === site.scope && sites.length > 1 ? "card day is-chosen" : "card day"} id={site.scope} onClickCapture={() => chooseSite(site.scope)}>
      <RingOfDay ring={ring} now={now} />
      <h2>
        {String(site.body["name"])} {site.body["suspended"] ? <b class="warn">停工</b> : null} <small>场内 {insideNow(day.people, day.passes)} 人</small>
        <span class="summary">
          {overdue > 0 && <b class="bad">超时 {overdue}</b>}
          {toCome > 0 && <b class="warn">待办 {toCome}</b>}
          {overdue + toCome === 0 && due.length > 0 && <b class="good">没有待办</b>}
        </span>
      </h2>
      <Alarms day={day} now={now} />
      {due.length === 0 && <p class="muted">今天没有要完成的时段。</p>}
      <Dues due={pressing} site={site} now={now} />
      {rest.length > 0 && (
        <details class="rest" open={matchMedia("(min-width: 48rem)").matches}>
          <summary>稍后和已结束 {rest.length} 项</summary>
          <Dues due={rest} site={site} now={now} />
        </details>
      )}
      {toDo.length > 0 && <ToMeasure key={slot} expected={expected} people={toDo} slot={slot} />}
    </article>
  );
}

/** What does not wait for a slot: fevers, cases, a form that goes on, flags. */
function Alarms({ day, now }: { day: SiteDay; now: number }) {
  const { forms } = useSession();
  const going = retests([...day.checks]);
  const waiting = [...going.values()].filter((retest) => !isDone(retest)).length;
  const cases: Case[] = openCases(day.cases);
  return (
    <>
      {withoutCase(going, day.cases).map((retest) => (
        <a key={retest.worker} class="alert" href={`#/cases/case?worker=${retest.worker}&cause=fever`}>
          {nameOf(day.workers, retest.worker)} 复测仍偏高, 还没有立案: 点此立案并报备
        </a>
      ))}
      {waiting > 0 && (
        <a class="notice" href="#/temperature">
          {waiting} 人体温偏高, 等待复测
        </a>
      )}
      {day.untested.workers.size > 0 && (
        <a class="notice" href={`#${logRoom(day.untested.form)}`}>
          新进场 {day.untested.workers.size} 人没有规定时限内的核酸阴性记录: 点此登记
        </a>
      )}
      {cases.length > 0 && (
        <ul class="dues">
          {cases.map((one) => (
            <CaseLine key={one.item.id} known={one} name={`个案: ${nameOf(day.workers, one.worker)}`} now={now} />
          ))}
        </ul>
      )}
      {day.begun.map(({ kind, id, startedMs }) => (
        <a key={id} class="notice" href={`#${pageOf(forms, kind, id)}`}>
          {kindOf(forms, kind)?.title}进行中 ({localTime(startedMs)} 开始): 点此继续
        </a>
      ))}
      {day.flags > 0 && (
        <a class="notice" href="#/flags">
          标记 {day.flags} 个未销号
        </a>
      )}
    </>
  );
}

function Dues({ due, site, now }: { due: readonly Due[]; site: Item; now: number }) {
  const { forms } = useSession();
  return (
    <ul class="dues">
      {due.map((one) => (
        <li key={one.id}>
          <a href={hrefOf(one, site, forms)} class={one.standing}>
            <span>
              <strong>{titleOf(one, site)}</strong> <small>{word("slot", one.slot)}</small>
              {one.standing === "review" && one.reason && <small class="line">{one.reason}</small>}
            </span>
            <span class="aside">
              {one.needed > 0 && <b>{`${one.done}/${one.needed} 人`}</b>} {standingText(one, now)}
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** People of whom something is missing, whatever the windows say. */
function waitingAt({ checks, cases, untested }: SiteDay): Waiting {
  const going = retests([...checks]);
  const unreported = openCases(cases).filter((one) => one.missing.length > 0);
  const waiting = [...going.values()].filter((retest) => !isDone(retest));
  return { retests: waiting.length, cases: unreported.length + withoutCase(going, cases).length, untested: untested.workers.size };
}

function RingOfDay({ ring, now }: { ring: Ring | null; now: number }) {
  if (!ring) return null;
  const { done, total, share, look, nextMs } = ring;
  const said = { good: "今天都齐了", calm: "到现在都齐了", warn: "还有没做的", bad: "有缺漏" }[look];
  return (
    <p class={`ring is-${look}`}>
      <svg viewBox="0 0 36 36" aria-hidden="true">
        <circle cx="18" cy="18" r="15.9" />
        <circle cx="18" cy="18" r="15.9" pathLength="100" stroke-dasharray={`${Math.round(share * 100)} 100`} />
      </svg>
      <b>
        {done}/{total}
      </b>
      <span>
        {said}
        {nextMs !== null && <small class="line">{nextMs > now ? untilText(nextMs, now) : `已超时 ${spanText(now - nextMs)}`}</small>}
      </span>
    </p>
  );
}

interface ToMeasureProps {
  expected: readonly Person[];
  people: readonly Person[]; // of them, who is not measured yet
  slot: string;
}

function ToMeasure({ expected, people, slot }: ToMeasureProps) {
  const crews = crewsOf("team", expected, people).filter((crew) => crew.toDo.length > 0);
  const still = useStill(people, slot); // who was measured meanwhile keeps the place: the next one does not move under the finger
  const toDo = new Set(people.map((person) => person.id));
  return (
    <div class="to-measure">
      <h3>
        {choices(READING, "slot")[slot]}还没有测温 <small>{people.length} 人</small>
      </h3>
      <ul class="crews">
        {crews.map(({ name, people: all, toDo: left }) => (
          <li key={name}>
            <a href={`#${laneRoom({ of: name })}`}>
              <strong>{name || "没有班组"}</strong>
              <span class="aside">
                <b>{all.length - left.length}/{all.length}</b> 缺 {left.length} 人
              </span>
            </a>
          </li>
        ))}
      </ul>
      <div class="names">
        {still.slice(0, NAMES_SHOWN).map((person) => (
          <a key={person.id} class={toDo.has(person.id) ? "" : "good"} href={`#/temperature?worker=${person.id}`}>
            {person.name}
            {!toDo.has(person.id) && " ✓"}
          </a>
        ))}
        {people.length > NAMES_SHOWN && <a href="#/temperature">全部 {people.length} 人</a>}
      </div>
    </div>
  );
}

function hrefOf(due: Due, site: Item, forms: readonly Form[]): string {
  const path = roomOf(forms, due.evidence);
  if (path === null) return "#/today";
  const same = due.place ? placesOf(site).filter((place) => (due.placeId ? place.id === due.placeId : place.kind === due.place)) : [];
  return `#${path}?slot=${due.slot}${same.length === 1 ? `&place=${encodeURIComponent(placeKey(same[0]!))}` : ""}`;
}

/** `一号宿舍消毒`, `食堂消毒`; but not 食堂食堂人员测温. */
function titleOf(due: Due, site: Item): string {
  const known = knownPlaces(site).find(({ id }) => id === due.placeId);
  const place = known?.names.at(-1)?.[0] ?? placeWords(site)[due.place] ?? due.place;
  return due.title.startsWith(place) ? due.title : place + due.title;
}

/** `11:30 前`, or of what is due on another day `11 月 29 日止`. */
function untilText(dueMs: number, now: number): string {
  const [, month, day] = localDate(dueMs - 1).split("-").map(Number);
  return localDate(dueMs - 1) === localDate(now) ? `${localTime(dueMs)} 前` : `${month} 月 ${day} 日止`;
}

function standingText(due: Due, now: number): string {
  const texts: Record<Standing, string> = {
    done: word("window_state", due.state),
    recorded: "已记录",
    later: `${localTime(due.opensMs)} 开始`,
    due: `${untilText(due.dueMs, now)}, 还有 ${spanText(due.dueMs - now)}`,
    overdue: `已超时 ${spanText(now - due.dueMs)}`,
    closed: word("window_state", due.state === "open" ? "silent" : due.state),
    review: word("window_state", due.state),
  };
  return texts[due.standing];
}
