// One crew at the keypad: three digits save, and the next person is there. The keypad stays where it is.

import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { observedMs, observedProblem } from "../../domain/backfill";
import { READING } from "../../domain/code_kinds";
import { again, type Crew, drawn, laneOf, next, saving, skipped, turnedTo, typed, without } from "../../domain/lane";
import type { Person } from "../../domain/people";
import { celsiusOf, IMPOSSIBLE, isFever, verdict } from "../../domain/temperature";
import { uuid7 } from "../../protocol/ids";
import { add, voidRecord } from "../../store/write";
import { noteAbsent } from "../lanes";
import { alarm } from "../parts/alarm";
import { Keypad, Reading } from "../parts/keypad";
import { WRONG_ENTRY } from "../parts/moves";
import { Portrait } from "../parts/portrait";
import { useStill } from "../parts/still";
import { useLive, useSave, useSession } from "../session";

interface Props {
  crew: Crew;
  title: string;
  day: string;
  slot: string;
  observed?: string; // when the readings were taken that are written down later, as domain/backfill has it
  absent: readonly string[]; // who was called up before
  waiting: number; // for their retest, on the whole site
  back: string;
  onward: { title: string; href: string } | undefined; // the next crew
}

interface Done {
  entry: string;
  person: Person;
  text: string;
  isHigh: boolean;
}

export function RapidLane({ crew, title, day, slot, observed = "", absent, waiting, back, onward }: Props) {
  const { db, notify, offsetMs } = useSession();
  const save = useSave();
  const scope = crew.people[0]!.scope;
  const pointNote = `point:${scope}`;
  const point = useLive(async () => String((await db.note(pointNote)) ?? "gate"), [db, pointNote], ["notes"]) ?? "gate";
  const [lane, setLane] = useState(() => laneOf(crew.toDo.map(({ id }) => id).filter((id) => !absent.includes(id))));
  const [done, setDone] = useState<readonly Done[]>([]);
  const toDo = new Set(crew.toDo.map(({ id }) => id)); // when the crew was read last: another tablet may measure some of it
  for (const { person } of done) toDo.delete(person.id);
  const measured = crew.people.filter(({ id }) => !toDo.has(id)).length;
  useEffect(() => setLane((now) => without(now, (id) => toDo.has(id))), [crew]);
  const person = crew.people.find(({ id }) => id === lane.queue[0]);
  useDrawn(person?.id, () => setLane((now) => drawn(now, performance.now())));
  const celsius = celsiusOf(lane.digits);
  const judged = verdict(celsius);
  const keep = async () => {
    if (!person || celsius === null || lane.isSaving) return;
    const unsound = observedProblem(observed, Date.now() + offsetMs);
    if (unsound) {
      notify(unsound, "bad");
      return setLane(again);
    }
    setLane(saving);
    const entry = uuid7(Date.now());
    const body = { worker: person.id, celsius, slot, point };
    const further = { id: entry, observedMs: observedMs(observed) };
    if (!(await save(() => add(db, scope, READING, body, [], further), ""))) return setLane(again);
    const isHigh = isFever(celsius);
    alarm(isHigh ? "bad" : "good");
    setDone((before) => [{ entry, person, text: `${celsius.toFixed(1)} ℃`, isHigh }, ...before]);
    setLane(next);
  };
  const takeBack = async ({ entry, person }: Done) => {
    if (!(await save(() => voidRecord(db, scope, entry, WRONG_ENTRY), ""))) return;
    setDone((before) => before.filter((one) => one.entry !== entry));
    setLane((now) => turnedTo(now, person.id));
  };
  const mark = async (id: string, isAbsent: boolean) => {
    await noteAbsent(db, scope, { day, slot, ids: isAbsent ? [...absent, id] : absent.filter((one) => one !== id) });
    setLane((now) => (isAbsent ? next(now) : turnedTo(now, id)));
  };
  useEffect(() => scrollTo(0, 0), []); // the keypad is in its place from the first person on
  useEffect(() => void (judged === "normal" && keep()), [lane.digits]); // nothing to ask: saved with the third digit
  useEffect(() => void (judged !== "normal" && judged !== "incomplete" && alarm("bad")), [judged]);
  const reset = () => setLane(again);
  const isAsking = judged === "fever" || judged === "implausible";
  const left = lane.queue.length;
  const high = done.filter((one) => one.isHigh).length;
  return (
    <section class="lane">
      <header>
        <a class="back" href={`#${back}`} aria-label="返回">
          ‹
        </a>
        <h1>
          {title}{" "}
          <small>
            {measured}/{crew.people.length} · {choices(READING, "slot")[slot]}
            {observed && <b class="warn"> 补录 {observed.slice(11)}</b>}
          </small>
        </h1>
      </header>
      <progress max={crew.people.length} value={measured} aria-label="已测" />
      {person ? (
        <>
          <Who key={person.id} person={person} />
          <div class="typing">
            <Reading digits={lane.digits} />
            <Keypad onDigits={(change, touchedMs) => setLane((now) => typed(now, change, touchedMs))} />
            <div class="keys">
              {isAsking ? (
                <>
                  <button type="button" class="main deny" onClick={keep}>
                    确认 {celsius?.toFixed(1)} ℃
                  </button>
                  <button type="button" onClick={reset}>
                    重新输入
                  </button>
                </>
              ) : (
                <>
                  <button type="button" disabled={lane.isSaving} onClick={() => void mark(person.id, true)}>
                    缺席
                  </button>
                  <button type="button" disabled={lane.isSaving || left < 2} onClick={() => setLane(skipped)}>
                    跳过
                  </button>
                </>
              )}
            </div>
          </div>
        </>
      ) : (
        <Over {...{ done, back, onward }} absent={crew.people.filter(({ id }) => absent.includes(id)).length} />
      )}
      <div class="said">
        <Question {...{ judged, celsius }} />
        <LastOne last={done[0]} onUndone={takeBack} />
        {high + waiting > 0 && (
          <a class="notice" href="#/temperature">
            {high + waiting} 人体温偏高, 等待复测
          </a>
        )}
      </div>
      <Crew people={crew.people} queue={lane.queue} absent={absent} onTurn={(id) => (absent.includes(id) ? void mark(id, false) : setLane((now) => turnedTo(now, id)))} />
    </section>
  );
}

/** Calls back once the person is not only in the page but drawn. */
function useDrawn(id: string | undefined, onDrawn: () => void): void {
  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const frame = requestAnimationFrame(() => (timer = setTimeout(onDrawn)));
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [id]);
}

/** Who stands there: as large as it can be, so that it is read and not remembered. */
function Who({ person }: { person: Person }) {
  return (
    <div class="who">
      <Portrait worker={person.id} instead={<span class="face" aria-hidden="true">{person.name.slice(0, 1)}</span>} />
      <div>
        <h2>{person.name}</h2>
        <p class="ends">
          尾号 <b>{person.certificate.slice(-4) || "无"}</b>
        </p>
        <p class="muted">{[person.team, person.dormitory].filter(Boolean).join(" · ")}</p>
      </div>
    </div>
  );
}

function Question({ judged, celsius }: { judged: ReturnType<typeof verdict>; celsius: number | null }) {
  const asked = {
    incomplete: "",
    normal: "",
    impossible: `体温${IMPOSSIBLE}`,
    implausible: `${celsius?.toFixed(1)} ℃ 不像真实体温, 请再测一次。`,
    fever: `${celsius?.toFixed(1)} ℃ 超过 ${rule("retest_above").value} ℃。确认后请他到旁边等待复测。`,
  }[judged];
  return asked ? (
    <p class="alert" role="alert">
      {asked}
    </p>
  ) : null;
}

/** What was saved last, with a way back for a slip of the finger. */
function LastOne({ last, onUndone }: { last: Done | undefined; onUndone: (done: Done) => void }) {
  return (
    <p class={last ? "last" : "unseen"} role="status">
      {last && (
        <span>
          已保存 {last.person.name} <b class={last.isHigh ? "bad" : ""}>{last.text}</b>
        </span>
      )}
      {last && (
        <button type="button" class="quiet" onClick={() => onUndone(last)}>
          撤销
        </button>
      )}
    </p>
  );
}

function Over({ done, absent, back, onward }: Pick<Props, "back" | "onward"> & { done: readonly Done[]; absent: number }) {
  return (
    <div class="over">
      <p class={absent > 0 ? "notice" : "notice is-good"} role="status">
        {done.length > 0 && `刚才测了 ${done.length} 人。`}
        {absent > 0 ? `缺席 ${absent} 人还没有测: 来了请点名单里的名字。` : "这一组都测完了。"}
      </p>
      <div class="keys">
        {onward && (
          <a class="button" href={onward.href}>
            下一个: {onward.title}
          </a>
        )}
        <a class={onward ? "button second" : "button"} href={`#${back}`}>
          全部班组
        </a>
      </div>
    </div>
  );
}

interface CrewProps {
  people: readonly Person[];
  queue: readonly string[];
  absent: readonly string[];
  onTurn: (id: string) => void;
}

/** Everybody of the crew who is still to be measured: whoever stands there is one touch away. */
function Crew({ people, queue, absent, onTurn }: CrewProps) {
  const toDo = people.filter(({ id }) => queue.includes(id) || absent.includes(id));
  const still = useStill(toDo, "crew"); // nobody moves under the finger
  return (
    <div class="crew">
      <h2>
        名单 <small>点名字换人</small>
      </h2>
      <div class="names">
        {still.map(({ id, name }) => (
          <button key={id} type="button" aria-pressed={queue[0] === id} disabled={!queue.includes(id) && !absent.includes(id)} class={absent.includes(id) ? "warn" : ""} onClick={() => onTurn(id)}>
            {name}
            {absent.includes(id) ? " 缺席" : queue.includes(id) ? "" : " ✓"}
          </button>
        ))}
      </div>
    </div>
  );
}
