// 按班组连测: crews with their progress, and one of them at the keypad.

import { useMemo, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { observedMs } from "../../domain/backfill";
import { READING } from "../../domain/code_kinds";
import { asked as askedIn } from "../../domain/duties";
import { type By, type Crew, crewsOf } from "../../domain/lane";
import { isDone, retests, slotAt } from "../../domain/temperature";
import { localDate } from "../../protocol/time";
import { readingDay } from "../../store/reading_day";
import { absentees, laneRoom } from "../lanes";
import { Choice } from "../parts/choice";
import { Observed } from "../parts/observed";
import { go } from "../route";
import { useLive, useNow, useSession } from "../session";
import { RapidLane } from "./rapid_lane";

const BY: Record<By, string> = { team: "按班组", dormitory: "按宿舍" };
const NAMELESS: Record<By, string> = { team: "没有班组", dormitory: "不住宿舍" };

interface Asked {
  by: string | null;
  of: string | null;
  slot: string | null;
}

export function LaneScreen({ by: given, of, slot: asked }: Asked) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const now = useNow();
  const today = localDate(now);
  const by: By = given === "dormitory" ? given : "team";
  const [observed, setObserved] = useState(""); // of a whole sheet of paper that is written down later
  const isOfToday = localDate(observedMs(observed) ?? now) === today;
  // At the keypad nothing is read again after each reading: what was written here is known there (RapidLane).
  const tables = of === null ? ["scopes", "records", "outbox"] : ["records"];
  const day = useLive(() => readingDay(db, scope, today), [db, scope, today, of === null], tables);
  const duties = day?.duties ?? [];
  const slot = asked ?? slotAt((isOfToday ? observedMs(observed) : null) ?? now, duties);
  const absent = useLive(() => absentees(db, scope, today, slot), [db, scope, today, slot], ["notes"]);
  const crews = useMemo(() => {
    const { expected, toDo } = day ? askedIn(day, slot) : { expected: [], toDo: [] };
    return crewsOf(by, expected, toDo);
  }, [day, slot, by]);
  const waiting = useMemo(() => [...retests(day?.checks ?? []).values()].filter((one) => !isDone(one)).length, [day]);
  if (!day || !absent || !site) return <h1 class="unseen">连测</h1>;
  const back = laneRoom({ by, ...(asked && { slot: asked }) });
  const at = crews.findIndex(({ name }) => name === of);
  const crew = crews[at];
  if (crew) {
    // Only one that comes later in the list: what an earlier one was found with may have been measured since.
    const after = crews.slice(at + 1).find(({ toDo }) => toDo.some(({ id }) => !absent.includes(id)));
    const onward = after && { title: titleOf(by, after), href: `#${laneRoom({ by, of: after.name, ...(asked && { slot: asked }) })}` };
    const shared = { crew, title: titleOf(by, crew), slot, absent, back, day: today, onward };
    return <RapidLane key={`${scope} ${by} ${of} ${slot}`} {...shared} {...(observed && { observed })} waiting={waiting} />;
  }
  const total = crews.reduce((sum, one) => ({ people: sum.people + one.people.length, toDo: sum.toDo + one.toDo.length }), { people: 0, toDo: 0 });
  return (
    <section>
      <header class="title">
        <h1>
          连测 <small>{choices(READING, "slot")[slot]} · {total.people - total.toDo}/{total.people} 人已测</small>
        </h1>
        <a class="button second" href="#/temperature">
          逐人查找
        </a>
      </header>
      <Choice title="" options={BY} value={by} onChange={(one) => go(laneRoom({ by: one as By, ...(asked && { slot: asked }) }))} />
      <Observed value={observed} onChange={setObserved} />
      {observed !== "" && !isOfToday && <p class="notice">连测只补录今天的: 别的日子请在测温里逐人补录。</p>}
      {crews.length === 0 && <p class="empty">这个时段没有要测温的人。</p>}
      <ul class="crews">
        {crews.map((one) => (
          <li key={one.name}>
            <a href={`#${laneRoom({ by, of: one.name, ...(asked && { slot: asked }) })}`} class={one.toDo.length === 0 ? "is-good" : ""}>
              <strong>{titleOf(by, one)}</strong>
              <span class="aside">{doneText(one, absent)}</span>
              <progress max={one.people.length} value={one.people.length - one.toDo.length} aria-label={`${titleOf(by, one)}已测`} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function titleOf(by: By, { name }: Crew): string {
  return name || NAMELESS[by];
}

function doneText({ people, toDo }: Crew, absent: readonly string[]) {
  const gone = toDo.filter(({ id }) => absent.includes(id)).length;
  return (
    <>
      <b class={toDo.length === 0 ? "good" : ""}>
        {people.length - toDo.length}/{people.length}
      </b>
      {toDo.length === 0 ? " 测完" : ` 还有 ${toDo.length} 人`}
      {gone > 0 && <b class="warn"> 缺席 {gone}</b>}
    </>
  );
}
