// One person's temperature: three digits. What is high, unlikely or too early is asked about, and never saved without a question.

import { useEffect, useState } from "preact/hooks";
import { rule } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import type { Person } from "../../domain/people";
import { celsiusOf, earlyText, IMPOSSIBLE, isDone, isFever, isHigh, type Retest, verdict, waitMs } from "../../domain/temperature";
import { uuid7 } from "../../protocol/ids";
import { localDate } from "../../protocol/time";
import { add } from "../../store/write";
import { Keypad, Reading } from "../parts/keypad";
import { Observed } from "../parts/observed";
import { onward } from "../route";
import { useNow, useSave, useSession } from "../session";
import { READING } from "../../domain/code_kinds";

export interface Saved {
  entry: string;
  scope: string;
  day: string;
  text: string;
}

interface Props {
  person: Person;
  slot: string;
  point: string;
  retest: Retest | undefined;
  initial: string; // the digits of a reading that was refused
  initialMs: number | null; // and when it was taken, if it was written down later
  copy: string | null; // its entry
  onSaving: (entry: string) => void; // under this id
  onSaved: (saved: Saved) => void;
}

export function Measure({ person, slot, point, retest, initial, initialMs, copy, onSaving, onSaved }: Props) {
  const { db, offsetMs, notify } = useSession();
  const save = useSave();
  const now = useNow(1_000);
  const [digits, setDigits] = useState(initial);
  const [observed, setObserved] = useState(observedText(initialMs));
  const [shortMs, setShortMs] = useState(0); // of the wait when the reading was typed, not while it is asked about
  const takenMs = observedMs(observed);
  const earlyMs = takenMs !== null && retest ? waitMs(retest, takenMs) : shortMs;
  const celsius = celsiusOf(digits);
  const judged = verdict(celsius);
  const back = `/temperature?slot=${slot}`;
  const isCopy = initial !== "" && digits === initial;
  const isAnswered = judged === "normal" && shortMs > 0 && earlyMs === 0; // by the time that was filled in since
  const keep = async () => {
    if (celsius === null) return;
    const unsound = observedProblem(observed, Date.now() + offsetMs);
    if (unsound) {
      notify(unsound, "bad");
      return setDigits("");
    }
    const goOn = onward();
    const entry = uuid7(Date.now());
    onSaving(entry);
    const note = earlyMs > 0 ? { note: earlyNote(earlyMs) } : {};
    const body = { worker: person.id, celsius, slot: retest ? "retest" : slot, point, ...note };
    const further = { id: entry, observedMs: takenMs };
    if (!(await save(() => add(db, person.scope, READING, body, [], further), "", copy))) return;
    const day = localDate(takenMs ?? Date.now()); // where the entry lies
    onSaved({ entry, scope: person.scope, day, text: `${person.name} ${celsius.toFixed(1)} ℃` });
    const after = retest && { ...retest, readings: [...retest.readings, celsius] };
    if (after && isHigh(after)) goOn(`/cases/case?worker=${person.id}&cause=fever`);
    else if (day !== localDate(now) || (after ? isDone(after) : !isFever(celsius))) goOn(back); // another day's asks for no retest here
    else goOn(`${back}&worker=${person.id}`);
  };
  useEffect(() => {
    // By the clock itself: `now` is up to a second older, and a wait that is over would be asked about.
    const leftMs = celsius !== null && retest ? waitMs(retest, takenMs ?? Date.now() + offsetMs) : 0;
    setShortMs(leftMs);
    if (!isCopy && leftMs === 0 && judged === "normal") void keep(); // nothing to ask: saved with the third digit
  }, [digits]);
  return (
    <section class="measure">
      <PersonTitle person={person} back={back} />
      {retest && <RetestNotice retest={retest} now={now} />}
      <Observed value={observed} onChange={setObserved} />
      <Reading digits={digits} />
      {(isCopy || isAnswered) && (
        <button type="button" class="main" onClick={keep}>
          {isCopy ? "按此读数重新保存" : "按此读数保存"}
        </button>
      )}
      {judged === "impossible" && (
        <p class="alert" role="alert">
          体温{IMPOSSIBLE}
        </p>
      )}
      {!isCopy && <Question {...{ digits, judged, isRetest: !!retest, isEarly: earlyMs > 0 }} onAgain={() => setDigits("")} onKeep={keep} />}
      <Keypad onDigits={setDigits} />
      <p class="muted center">输入三位数字即保存, 如 365 表示 36.5 ℃</p>
    </section>
  );
}

export function PersonTitle({ person, back }: { person: Person; back: string }) {
  return (
    <header>
      <a class="back" href={`#${back}`} aria-label="返回">
        ‹
      </a>
      <h1>
        {person.name} <small>{person.team}</small>
      </h1>
    </header>
  );
}

/** What the record says of a reading that came too early: whoever reads it later must see it. */
function earlyNote(leftMs: number): string {
  return `提前复测: 规定间隔 ${rule("retest_wait_min").value} 分钟, 还差 ${Math.floor(leftMs / 60_000)} 分 ${Math.floor((leftMs / 1000) % 60)} 秒`;
}

function RetestNotice({ retest, now }: { retest: Retest; now: number }) {
  const wait = rule("retest_wait_min");
  const leftS = Math.ceil(waitMs(retest, now) / 1000);
  return (
    <div class="notice" role="status">
      <strong>{retest.readings.map((one) => one.toFixed(1)).join("、")} ℃</strong> &gt; {rule("retest_above").value} ℃: 请在阴凉处休息后复测。第{" "}
      <strong>{retest.readings.length + 1}</strong> 次, 共 {rule("retest_readings").value} 次{" "}
      {retest.early > 0 && <strong class="line">{earlyText(retest)}</strong>}
      <small class="line">
        {rule("retest_high_of_three").value} 次偏高即立案 · 依据: {wait.source}
      </small>
      {leftS > 0 && (
        <span class="countdown">
          还要等 <b>{`${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}`}</b>
        </span>
      )}
    </div>
  );
}

interface QuestionProps {
  digits: string;
  judged: ReturnType<typeof verdict>;
  isRetest: boolean;
  isEarly: boolean;
  onAgain: () => void;
  onKeep: () => void;
}

function Question({ digits, judged, isRetest, isEarly, onAgain, onKeep }: QuestionProps) {
  const shown = `${digits.slice(0, 2)}.${digits[2]} ℃`;
  const asked = {
    incomplete: "",
    impossible: "",
    implausible: `${shown} 不像真实体温, 请再测一次。`,
    fever: `${shown} 超过 ${rule("retest_above").value} ℃。确认读数无误吗?`,
    normal: "",
  }[judged];
  const early = isEarly && (judged === "normal" || asked) ? `还没有到复测时间 (间隔 ${rule("retest_wait_min").value} 分钟)。现在保存, 记录上会注明提前复测。` : "";
  if (!asked && !early) return null;
  return (
    <div class="alert ask" role="alert">
      <p>
        {asked} {early}
      </p>
      <button type="button" class="main" onClick={onKeep}>
        {early ? "不等了, 注明提前复测并保存" : judged === "fever" ? (isRetest ? "确认读数, 保存" : "确认读数, 开始复测") : "确实如此, 保存"}
      </button>
      <button type="button" onClick={onAgain}>
        重新输入
      </button>
    </div>
  );
}
