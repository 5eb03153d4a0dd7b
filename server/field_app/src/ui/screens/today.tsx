// 今日: the round of the day. What is due, by when, and whom to measure next; one touch leads to the work.

import { useMemo } from "preact/hooks";
import { choices, word } from "../../contracts";
import { type Day, type Due, dues, type Standing } from "../../domain/duties";
import { type Person, present, toMeasure } from "../../domain/people";
import { isDone, readings, retests, slotAt } from "../../domain/temperature";
import { localDate, localTime } from "../../protocol/time";
import { type Item, listed } from "../../store/view";
import type { FieldDatabase } from "../../store/database";
import { useLive, useNow, useSession } from "../session";

const NAMES_SHOWN = 12;
const WEEKDAYS = "日一二三四五六";

export function Today() {
  const { sites } = useSession();
  const now = useNow();
  const today = localDate(now);
  const weekday = WEEKDAYS[new Date(`${today}T12:00:00Z`).getUTCDay()];
  return (
    <section>
      <header class="title">
        <h1>
          今日 <small>{Number(today.slice(5, 7))} 月 {Number(today.slice(8))} 日 星期{weekday}</small>
        </h1>
      </header>
      {sites.length === 0 && <p class="empty">还没有分派给您的工地。有网络时会自动更新。</p>}
      {sites.map((site) => (
        <SiteDay key={site.scope} site={site} now={now} />
      ))}
    </section>
  );
}

function SiteDay({ site, now }: { site: Item; now: number }) {
  const { db, chooseSite } = useSession();
  const today = localDate(now);
  const read = useLive(() => readDay(db, site.scope, today), [db, site.scope, today]);
  const due = useMemo(() => (read ? dues(read, now) : []), [read, now]);
  if (!read) return null;
  const slot = slotAt(localTime(now));
  const measured = readings(read.checks, slot);
  const toDo = read.people.filter((person) => !measured.has(person.id));
  const open = [...retests(read.checks).values()].filter((retest) => !isDone(retest));
  const stage = site.body["suspended"] ? "停工" : "";
  return (
    <article class="card day" onClickCapture={() => chooseSite(site.scope)}>
      <h2>
        {String(site.body["name"])} {stage && <b class="warn">{stage}</b>}
      </h2>
      {open.length > 0 && (
        <a class="notice" href="#/temperature">
          {open.length} 人体温偏高, 等待复测
        </a>
      )}
      {due.length === 0 && <p class="muted">今天没有要完成的时段。</p>}
      <ul class="dues">
        {due.map((one) => (
          <li key={one.id}>
            <a href={hrefOf(one, site)} class={one.standing}>
              <span>
                <strong>{titleOf(one)}</strong>{" "}
                <small>{word("slot", one.slot)}</small>
              </span>
              <span class="aside">
                {one.needed > 0 && <b>{`${one.done}/${one.needed} 人`}</b>} {standingText(one, now)}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {toDo.length > 0 && <ToMeasure people={toDo} slot={slot} />}
    </article>
  );
}

function ToMeasure({ people, slot }: { people: readonly Person[]; slot: string }) {
  return (
    <div class="to-measure">
      <h3>
        {choices("temperature_check", "slot")[slot]}还没有测温 <small>{people.length} 人</small>
      </h3>
      <div class="names">
        {people.slice(0, NAMES_SHOWN).map((person) => (
          <a key={person.id} href={`#/temperature?worker=${person.id}`}>
            {person.name}
          </a>
        ))}
        {people.length > NAMES_SHOWN && <a href="#/temperature">全部 {people.length} 人</a>}
      </div>
    </div>
  );
}

async function readDay(db: FieldDatabase, scope: string, today: string): Promise<Day> {
  const [windows, checks, logs, passes, workers] = await Promise.all([
    listed(db, "window", scope, today),
    listed(db, "temperature_check", scope, today),
    listed(db, "disinfection_log", scope, today),
    listed(db, "gate_pass", scope, today),
    listed(db, "worker", scope),
  ]);
  return { windows, checks, logs, people: toMeasure(present(workers, today), passes) };
}

function hrefOf(due: Due, site: Item): string {
  if (due.duty.startsWith("TEMP")) return `#/temperature?slot=${due.slot}`;
  if (due.duty === "GATE") return "#/gate";
  if (due.duty !== "DISINFECT") return "#/today";
  const places = (site.body["places"] as { kind: string; name: string }[] | undefined) ?? [];
  const same = places.filter((place) => place.kind === due.place);
  return same.length === 1 ? `#/disinfect?place=${encodeURIComponent(`${due.place} ${same[0]!.name}`)}` : "#/disinfect";
}

/** `食堂消毒`; but not 食堂食堂人员测温. */
function titleOf(due: Due): string {
  const place = word("place", due.place);
  return due.title.startsWith(place) ? due.title : place + due.title;
}

function standingText(due: Due, now: number): string {
  const texts: Record<Standing, string> = {
    done: word("window_state", due.state),
    recorded: "已记录",
    later: `${localTime(due.opensMs)} 开始`,
    due: `${localTime(due.dueMs)} 前, 还有 ${span(due.dueMs - now)}`,
    overdue: `已超时 ${span(now - due.dueMs)}`,
    closed: word("window_state", due.state === "open" ? "silent" : due.state),
  };
  return texts[due.standing];
}

function span(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes < 60 ? `${minutes} 分钟` : `${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分`;
}
