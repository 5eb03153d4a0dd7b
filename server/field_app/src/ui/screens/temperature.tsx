// 测温: choose a person, type three digits, and it is saved; a high reading is asked about first.

import { useMemo, useRef, useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { asked as askedIn, type Day, keyOf } from "../../domain/duties";
import type { Person } from "../../domain/people";
import { earlyText, isDone, isFever, isHigh, type Retest, readings, retests, slotAt, waitMs } from "../../domain/temperature";
import { localDate } from "../../protocol/time";
import { readingDay } from "../../store/reading_day";
import { isBackfilled } from "../../store/times";
import { type Item, writtenIn } from "../../store/view";
import { voidRecord } from "../../store/write";
import { Choice } from "../parts/choice";
import { WRONG_ENTRY } from "../parts/moves";
import { PersonPicker } from "../parts/person_picker";
import { timeText } from "../parts/when";
import { laneRoom } from "../lanes";
import { go } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";
import { Measure, PersonTitle, type Saved } from "./measure";
import { READING } from "../../domain/code_kinds";

interface Asked {
  chosen: string | null; // the person
  asked: string | null; // the slot, when it is not that of the hour
  copy: string | null; // a refused entry that is written again
}

export function Temperature({ chosen, asked, copy }: Asked) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const now = useNow();
  const today = localDate(now);
  const [last, setLast] = useState<Saved | null>(null);
  const [again, setAgain] = useState<string[]>([]); // readings after which another one is wanted, or is being written
  const day = useLive(() => readingDay(db, scope, today), [db, scope, today], ["scopes", "records", "outbox"]);
  const isReadAgain = useIsReadAgain(last?.scope === scope && last.day === today ? last.entry : "", day);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const pointNote = `point:${scope}`;
  const point = useLive(async () => String((await db.note(pointNote)) ?? "gate"), [db, pointNote], ["notes"]);
  const going = useMemo(() => retests(day?.checks ?? []), [day]);
  const slot = asked ?? slotAt(now, day?.duties ?? []);
  const measured = useMemo(() => readings(day?.checks ?? [], slot), [day, slot]);
  const ofSlot = useMemo(() => day && askedIn(day, slot), [day, slot]);

  if (!day || !ofSlot || !isReadAgain || copied === undefined || point === undefined) return <Heading />;
  const person = day.people.find((one) => one.id === chosen);
  if (person) {
    const retest = going.get(person.id);
    const open = retest && !isDone(retest) ? retest : undefined;
    const isSame = (id: string) => keyOf(day, id) === keyOf(day, person.id);
    const before = open ? undefined : [...measured].find(([id]) => isSame(id))?.[1];
    if (before && before.id !== copy && !again.includes(before.id)) return <AskAgain {...{ person, before, slot }} onAgain={() => setAgain([before.id])} />;
    const initial = copied ? Number(copied.body["celsius"]).toFixed(1).replace(".", "") : "";
    const key = `${person.id} ${open?.readings.length}`;
    const onSaved = (saved: Saved) => {
      setLast(saved);
      setAgain([]);
    };
    const onSaving = (entry: string) => setAgain([...again, entry]);
    const initialMs = copied?.observedMs ?? null;
    return <Measure {...{ key, person, slot, point, initial, initialMs, copy, onSaving, onSaved }} retest={open} />;
  }
  const { expected, toDo } = ofSlot;
  const left = new Set(toDo);
  const others = day.people.filter((one) => !left.has(one));
  const points = choices(READING, "point");
  const slots = Object.fromEntries(Object.entries(choices(READING, "slot")).filter(([code]) => code !== "retest"));
  return (
    <section>
      <Heading />
      <details class="how">
        <summary>
          {slots[slot]} · {points[point]} <small>更改</small>
        </summary>
        <div class="choices">
          <Choice title="时段" options={slots} value={slot} onChange={(one) => go(`/temperature?slot=${one}`)} />
          <Choice title="测温点" options={points} value={point} onChange={(one) => void db.setNote(pointNote, one)} />
        </div>
      </details>
      <RetestList people={day.people} going={going} />
      <LastSaved last={last?.scope === scope ? last : null} onUndone={() => setLast(null)} />
      <div class="title">
        <p class="progress">
          <strong>{expected.length - toDo.length}</strong> / {expected.length} 人已测, 还有 <strong>{toDo.length}</strong> 人
        </p>
        {toDo.length > 0 && (
          <a class="button" href={`#${laneRoom(asked ? { slot } : {})}`}>
            按班组连测
          </a>
        )}
      </div>
      <PersonPicker
        key={asked ?? ""}
        people={[...toDo, ...others]}
        onPick={(one) => go(`/temperature?slot=${slot}&worker=${one.id}`)}
        aside={(one) => readingOf(measured.get(one.id))}
        empty="名册里还没有人员。"
      />
    </section>
  );
}

/** Whether the day has been read with this entry in it. After a reading there is no list before that: its order would change
 * under the finger. */
function useIsReadAgain(entry: string, day: Day | undefined): boolean {
  const seen = useRef("");
  if (day?.checks.some((check) => check.id === entry)) seen.current = entry;
  return entry === "" || seen.current === entry;
}

function Heading() {
  return <h1 class="unseen">测温</h1>;
}

interface AskAgainProps {
  person: Person;
  before: Item;
  slot: string;
  onAgain: () => void;
}

/** Before a second reading of one person in one slot: more often than not, somebody else is meant. */
function AskAgain({ person, before, slot, onAgain }: AskAgainProps) {
  const measured = `${choices(READING, "slot")[slot]}已测 ${Number(before.body["celsius"]).toFixed(1)} ℃ (${timeText(before)})`;
  return (
    <section class="measure">
      <PersonTitle person={person} back={`/temperature?slot=${slot}`} />
      <div class="notice ask" role="alert">
        <p>
          <strong>{person.name}</strong> {measured}。要再测一次吗? 两次读数都会保留。
        </p>
        <a class="button" href={`#/temperature?slot=${slot}`}>
          不测, 返回名单
        </a>{" "}
        <button type="button" onClick={onAgain}>
          再测一次
        </button>
      </div>
    </section>
  );
}

function readingOf(check: Item | undefined) {
  if (!check) return null;
  const celsius = Number(check.body["celsius"]);
  return (
    <>
      <b class={isFever(celsius) ? "bad" : "good"}>{celsius.toFixed(1)} ℃</b> {isBackfilled(check.body) && <small>补录</small>}
    </>
  );
}

/** Those who have to be measured again, before everybody else. */
function RetestList({ people, going }: { people: readonly Person[]; going: ReadonlyMap<string, Retest> }) {
  const now = useNow();
  const shown = people.filter((person) => going.has(person.id));
  if (shown.length === 0) return null;
  return (
    <ul class="retests">
      {shown.map((person) => {
        const retest = going.get(person.id)!;
        return (
          <li key={person.id} class={isDone(retest) ? (isHigh(retest) ? "bad" : "good") : "warn"}>
            <span>
              <strong>{person.name}</strong> {retest.readings[0]!.toFixed(1)} ℃ · {[retestText(retest, now), earlyText(retest)].filter(Boolean).join(", ")}
            </span>
            {!isDone(retest) && (
              <button type="button" onClick={() => go(`/temperature?worker=${person.id}`)}>
                复测
              </button>
            )}
            {isDone(retest) && isHigh(retest) && (
              <button type="button" onClick={() => go(`/cases/case?worker=${person.id}&cause=fever`)}>
                个案
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function retestText(retest: Retest, now: number): string {
  if (isDone(retest)) return isHigh(retest) ? "复测仍偏高: 请到隔离室, 立即报备" : "复测正常";
  const wait = waitMs(retest, now);
  const next = wait > 0 ? `, ${Math.ceil(wait / 60_000)} 分钟后复测` : ", 可以复测";
  return `已测 ${retest.readings.length}/${rule("retest_readings").value} 次${next}`;
}

/** What was saved last, with a way back for a slip of the finger. */
function LastSaved({ last, onUndone }: { last: Saved | null; onUndone: () => void }) {
  const { db } = useSession();
  const save = useSave();
  const undo = async () => {
    if (last && (await save(() => voidRecord(db, last.scope, last.entry, WRONG_ENTRY), "已作废, 请重新测量"))) onUndone();
  };
  return (
    <p class={last ? "last" : "unseen"} role="status">
      {last && <span>已保存 {last.text}</span>}
      {last && (
        <button type="button" class="quiet" onClick={undo}>
          撤销
        </button>
      )}
    </p>
  );
}
