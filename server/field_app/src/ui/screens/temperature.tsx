// 测温: choose a person, type three digits, and it is saved.

import { useEffect, useMemo, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { type Person, present, toMeasure } from "../../domain/people";
import {
  celsiusOf,
  FEVER,
  IMPOSSIBLE,
  isDone,
  isHigh,
  type Retest,
  RETEST_WAIT,
  readings,
  RETESTS,
  retests,
  slotAt,
  verdict,
} from "../../domain/temperature";
import { localDate, localTime } from "../../protocol/time";
import { listed, writtenIn } from "../../store/view";
import { add, voidRecord } from "../../store/write";
import { Choice } from "../parts/choice";
import { Keypad, Reading } from "../parts/keypad";
import { PersonPicker } from "../parts/person_picker";
import { go } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";

interface Saved {
  entry: string;
  scope: string;
  text: string;
}

interface Asked {
  chosen: string | null; // the person
  asked: string | null; // the slot, when it is not that of the hour
  copy: string | null; // a refused entry that is written anew
}

export function Temperature({ chosen, asked, copy }: Asked) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const now = useNow();
  const today = localDate(now);
  const workers = useLive(() => listed(db, "worker", scope), [db, scope]);
  const checks = useLive(() => listed(db, "temperature_check", scope, today), [db, scope, today]);
  const passes = useLive(() => listed(db, "gate_pass", scope, today), [db, scope, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const slot = asked ?? slotAt(localTime(now));
  const [point, setPoint] = useState("gate");
  const [last, setLast] = useState<Saved | null>(null);
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  const going = useMemo(() => retests(checks ?? []), [checks]);
  if (!workers || !checks || !passes || copied === undefined) return null;
  const person = people.find((one) => one.id === chosen);
  if (person) {
    const retest = going.get(person.id);
    const open = retest && !isDone(retest) ? retest : undefined;
    const initial = copied ? Number(copied.body["celsius"]).toFixed(1).replace(".", "") : "";
    const key = `${person.id} ${open?.readings.length}`;
    return <Measure {...{ key, person, slot, point, initial, onSaved: setLast }} retest={open} />;
  }
  const measured = readings(checks, slot);
  const expected = toMeasure(people, passes).filter((one) => slot !== "meal" || one.isCanteenStaff);
  const toDo = expected.filter((one) => !measured.has(one.id));
  const others = people.filter((one) => !toDo.includes(one));
  const points = choices("temperature_check", "point");
  const slots = Object.fromEntries(Object.entries(choices("temperature_check", "slot")).filter(([code]) => code !== "retest"));
  return (
    <section>
      <h1 class="unseen">测温</h1>
      <details class="how">
        <summary>
          {slots[slot]} · {points[point]} <small>更改</small>
        </summary>
        <div class="choices">
          <Choice title="时段" options={slots} value={slot} onChange={(one) => go(`/temperature?slot=${one}`)} />
          <Choice title="测温点" options={points} value={point} onChange={setPoint} />
        </div>
      </details>
      <RetestList people={people} going={going} />
      <LastSaved last={last?.scope === scope ? last : null} onUndone={() => setLast(null)} />
      <p class="progress">
        <strong>{expected.length - toDo.length}</strong> / {expected.length} 人已测, 还有 <strong>{toDo.length}</strong> 人
      </p>
      <PersonPicker
        people={[...toDo, ...others]}
        onPick={(one) => go(`/temperature?slot=${slot}&worker=${one.id}`)}
        aside={(one) => readingOf(measured.get(one.id)?.body["celsius"])}
        empty="名册里还没有人员。"
      />
    </section>
  );
}

function readingOf(celsius: unknown) {
  if (celsius === undefined) return null;
  return <b class={Number(celsius) >= FEVER.value ? "bad" : "good"}>{Number(celsius).toFixed(1)} ℃</b>;
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
              <strong>{person.name}</strong> {retest.first.toFixed(1)} ℃ · {retestText(retest, now)}
            </span>
            {!isDone(retest) && (
              <button type="button" onClick={() => go(`/temperature?worker=${person.id}`)}>
                复测
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
  const waitMs = retest.startedMs + RETEST_WAIT.value * 60_000 - now;
  const wait = retest.readings.length === 0 && waitMs > 0 ? `, ${Math.ceil(waitMs / 60_000)} 分钟后复测` : "";
  return `已复测 ${retest.readings.length}/${RETESTS} 次${wait}`;
}

/** What was saved last, with a way back for a slip of the finger. */
function LastSaved({ last, onUndone }: { last: Saved | null; onUndone: () => void }) {
  const { db } = useSession();
  const save = useSave();
  if (!last) return null;
  const undo = async () => {
    if (await save(() => voidRecord(db, last.scope, last.entry, "录入错误"), "已作废, 请重新测量")) onUndone();
  };
  return (
    <p class="last">
      <span>已保存: {last.text}</span>
      <button type="button" class="quiet" onClick={undo}>
        撤销
      </button>
    </p>
  );
}

interface MeasureProps {
  person: Person;
  slot: string;
  point: string;
  retest: Retest | undefined;
  initial: string; // the digits of a reading that was refused
  onSaved: (saved: Saved) => void;
}

function Measure({ person, slot, point, retest, initial, onSaved }: MeasureProps) {
  const { db } = useSession();
  const save = useSave();
  const [digits, setDigits] = useState(initial);
  const [isSaving, setSaving] = useState(false);
  const celsius = celsiusOf(digits);
  const judged = verdict(celsius);
  const back = `/temperature?slot=${slot}`;
  const isCopy = initial !== "" && digits === initial;
  const keep = async () => {
    if (celsius === null || isSaving) return;
    setSaving(true);
    let entry = "";
    const body = { worker: person.id, celsius, slot: retest ? "retest" : slot, point };
    const write = async () => (entry = await add(db, person.scope, "temperature_check", body));
    const text = `${person.name} ${celsius.toFixed(1)} ℃`;
    if (!(await save(write, `已保存 ${text}`))) return setSaving(false);
    onSaved({ entry, scope: person.scope, text });
    const isLastRetest = retest && retest.readings.length + 1 >= RETESTS;
    if (judged === "normal" ? !retest || isLastRetest : isLastRetest) go(back);
    else setDigits("");
    setSaving(false);
  };
  useEffect(() => {
    if (!isCopy && (judged === "normal" || judged === "fever")) void keep(); // nothing to ask: saved with the third digit
  }, [digits]);
  return (
    <section class="measure">
      <header>
        <a class="back" href={`#${back}`} aria-label="返回">
          ‹
        </a>
        <h1>
          {person.name} <small>{person.team}</small>
        </h1>
      </header>
      {retest && (
        <p class="notice" role="status">
          {retest.first.toFixed(1)} ℃ ≥ {FEVER.value} ℃: {RETEST_WAIT.value} 分钟后复测。第 <strong>{retest.readings.length + 1}</strong>{" "}
          次, 共 {RETESTS} 次 <small>依据: {RETEST_WAIT.source}</small>
        </p>
      )}
      <Reading digits={digits} />
      {isCopy && (
        <button type="button" class="main" onClick={keep}>
          按此读数重新保存
        </button>
      )}
      {judged === "impossible" && (
        <p class="alert" role="alert">
          体温{IMPOSSIBLE}
        </p>
      )}
      {judged === "implausible" && (
        <div class="alert ask" role="alert">
          <p>{digits.slice(0, 2)}.{digits[2]} ℃ 不像真实体温, 请再测一次。</p>
          <button type="button" onClick={() => setDigits("")}>
            重新输入
          </button>
          <button type="button" class="quiet" onClick={keep}>
            确实如此, 保存
          </button>
        </div>
      )}
      <Keypad digits={digits} onDigits={isSaving ? () => undefined : setDigits} />
      <p class="muted center">输入三位数字即保存, 如 365 表示 36.5 ℃</p>
    </section>
  );
}
