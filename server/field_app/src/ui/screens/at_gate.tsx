// One person at the gate, with health code, mask and temperature. Whoever is in order passes with the third digit; who is
// turned away leaves a record with its cause.

import { useEffect, useRef, useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { PASS, READING } from "../../domain/code_kinds";
import { sourceFor } from "../../domain/dated";
import type { Person } from "../../domain/people";
import { celsiusOf, IMPOSSIBLE, isFever, isRefused, verdict } from "../../domain/temperature";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import type { Written } from "../../store/view";
import { add } from "../../store/write";
import { logRoom } from "../forms";
import { alarm } from "../parts/alarm";
import { Choice, YES_NO, yesNo } from "../parts/choice";
import { Keypad, Reading } from "../parts/keypad";
import { Observed } from "../parts/observed";
import { onward } from "../route";
import { type Tone, useNow, useSave, useSession } from "../session";

const GREEN = "green";
const BARRED_CODES = ["red", "yellow"];
export const TURNED_AWAY = "拒绝进场";
const UNTESTED = "没有核酸阴性证明";

/** What the list says of the person before. */
export interface Done {
  name: string;
  text: string;
  tone: Tone;
}

type Cause = "" | "not_on_roster" | "fever" | "code" | "no_mask" | "other"; // as `refused_for`; "" for nobody, "other" for no test

interface Props {
  person: Person;
  isGone: boolean; // has left the site
  testForm: string; // of the test that is asked of somebody new, where none is on record here; else ""
  fresh: Body;
  from: Written | null; // the refused one that is written again
  onSaved: (done: Done) => void;
}

export function Pass({ person, isGone, testForm, fresh, from, onSaved }: Props) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const written = from?.body ?? fresh;
  const [observed, setObserved] = useState(observedText(from?.observedMs ?? null));
  const [direction, setDirection] = useState(String(written["direction"]));
  const [code, setCode] = useState(String(written["health_code"] ?? ""));
  const [mask, setMask] = useState<boolean | null>((written["mask_worn"] as boolean | undefined) ?? null);
  const [digits, setDigits] = useState(() => digitsOf(written["celsius"]));
  const celsius = celsiusOf(digits);
  const judged = verdict(celsius, isRefused);
  const isIn = direction === "in";
  const cause = isIn ? causeOf(isGone, judged === "fever", code, mask, testForm !== "") : "";
  const missing = [...(celsius === null ? ["体温"] : []), ...(code === "" ? ["健康码"] : [])];
  const isUntimely = observedProblem(observed, Date.now() + offsetMs) !== "";
  const isUnfit = isUntimely || judged === "impossible" || (digits !== "" && celsius === null) || (isIn && missing.length > 0);
  const isBarred = cause !== "" && cause !== "no_mask" && cause !== "other"; // somebody may put on a mask, or show a test
  const further = { observedMs: observedMs(observed) };
  const bodyOf = (way: string): Body => ({
    ...{ worker: person.id, direction: way, method: "manual" },
    ...(code && { health_code: code }),
    ...(mask !== null && { mask_worn: mask }),
    ...(celsius !== null && { celsius }),
  });
  const finish = (text: string, tone: Tone) => {
    alarm(tone);
    onSaved({ name: person.name, text, tone });
  };
  const letPass = async () => {
    const goOn = onward();
    const saved = isIn ? "进场" : "出场";
    if (!(await save(() => add(db, person.scope, PASS, bodyOf(direction), [], further), `已记录: ${person.name} ${saved}`, from?.id))) return;
    finish([saved, celsius && `${celsius.toFixed(1)} ℃`].filter(Boolean).join(" "), "good");
    goOn("/gate");
  };
  // Who is turned away goes out: so no record counts them as present, and none that older readers know.
  const turnAway = async () => {
    const why = cause === "fever" ? `体温 ${celsius?.toFixed(1)} ℃` : cause === "code" ? choices(PASS, "health_code")[code] : cause === "other" ? UNTESTED : choices(PASS, "refused_for")[cause];
    const write = async () => {
      await add(db, person.scope, PASS, { ...bodyOf("out"), refused_for: cause, note: `${TURNED_AWAY}: ${why}` }, [], further);
      const check = { worker: person.id, celsius, slot: "entry", point: "gate" };
      if (cause === "fever") await add(db, person.scope, READING, check, [], further);
    };
    const goOn = onward();
    if (!(await save(write, `已记录: ${person.name} ${TURNED_AWAY}`, from?.id))) return;
    finish(`${TURNED_AWAY}: ${why}`, "bad");
    const next = { fever: `/temperature?worker=${person.id}`, code: `/cases/case?worker=${person.id}&cause=health_code&code=${code}` };
    goOn(cause === "fever" || cause === "code" ? next[cause] : "/gate");
  };
  const isInOrder = isIn && !from && cause === "" && judged === "normal" && code === GREEN && mask === true && !isUnfit;
  useEffect(() => void (isInOrder && letPass()), [digits]); // the third digit is the last thing that is asked
  useAlarm(cause);
  return (
    <section class={`measure pass${cause ? (cause === "fever" || cause === "not_on_roster" || code === "red" ? " is-bad" : " is-warn") : ""}`}>
      <header>
        <a class="back" href="#/gate" aria-label="返回">
          ‹
        </a>
        <h1>
          {person.name} <small>{person.team}</small>
        </h1>
      </header>
      {isIn && isGone && <p class="alert" role="alert">已于 {person.exitedOn} 退场, 不在名册, 不得进场。</p>}
      <div class="pair">
        <Choice title="方向" options={choices(PASS, "direction")} value={direction} onChange={setDirection} />
        <Choice title="是否戴口罩" options={YES_NO} value={yesNo.text(mask)} onChange={(value) => setMask(yesNo.value(value))} canBeNone />
      </div>
      <Choice title="健康码 (看过后点选)" options={choices(PASS, "health_code")} value={code} onChange={setCode} canBeNone />
      {isIn && !from && code === "" && mask === null && <InOrder onSeen={() => (setCode(GREEN), setMask(true))} />}
      <Reading digits={digits} />
      <Keypad onDigits={setDigits} />
      <Observed value={observed} onChange={setObserved} />
      <div class="foot">
        {judged === "impossible" && <p class="alert">体温{IMPOSSIBLE}</p>}
        {judged === "implausible" && <p class="alert">这个读数不像真实体温, 请再测一次; 如确实如此, 可以保存。</p>}
        {(cause === "fever" || cause === "code") && <Barred cause={cause} />}
        {isIn && testForm && <Untested form={testForm} worker={person.id} />}
        {cause === "no_mask" && <p class="notice">没有戴口罩: 请先戴好, 或拒绝进场。</p>}
        {!isIn && celsius !== null && isFever(celsius) && <p class="notice">体温 &gt; {rule("retest_above").value} ℃: 请在测温中复测, 并按规定报备。</p>}
        {isIn && missing.length > 0 && !isBarred && <p class="muted center">还缺: {missing.join("、")}</p>}
        {cause && (
          <button class={isBarred ? "main deny" : "wide"} disabled={isUntimely || judged === "impossible"} onClick={turnAway}>
            {cause === "fever" ? (isFever(celsius!) ? "拒绝进场, 记录体温并复测" : "拒绝进场, 记录体温") : cause === "code" ? "拒绝进场, 并立案" : TURNED_AWAY}
          </button>
        )}
        {!isBarred && (
          <button class="main" disabled={isUnfit} onClick={letPass}>
            {isIn ? "放行进场" : "登记出场"}
          </button>
        )}
      </div>
    </section>
  );
}

/** One touch for what was seen of nearly everybody. It is a statement: nothing is filled in before it. */
function InOrder({ onSeen }: { onSeen: () => void }) {
  return (
    <button type="button" class="wide seen" onClick={onSeen}>
      健康码绿色, 已戴口罩
    </button>
  );
}

function causeOf(isGone: boolean, isHigh: boolean, code: string, mask: boolean | null, isUntested: boolean): Cause {
  if (isGone) return "not_on_roster";
  if (isHigh) return "fever";
  if (BARRED_CODES.includes(code)) return "code";
  if (mask === false) return "no_mask";
  return isUntested ? "other" : "";
}

/** Heard as soon as it is known that somebody is not to be let in. */
function useAlarm(cause: Cause): void {
  const before = useRef<Cause>("");
  useEffect(() => {
    if (cause && cause !== before.current) alarm("bad");
    before.current = cause;
  }, [cause]);
}

/** Another tablet may hold the test, so it is asked for and nobody is barred. */
function Untested({ form, worker }: { form: string; worker: string }) {
  const limit = rule("entry_test_h", localDate(useNow()));
  return (
    <p class="notice" role="alert">
      新进场, 这台平板上没有 {limit.value} 小时内的核酸阴性记录: 请看证明并<a href={`#${logRoom(form)}?worker=${worker}`}>登记</a>。 <small>依据: {limit.source}</small>
    </p>
  );
}

function digitsOf(celsius: unknown): string {
  return typeof celsius === "number" ? celsius.toFixed(1).replace(".", "") : "";
}

function Barred({ cause }: { cause: "fever" | "code" }) {
  const { duties } = useSession();
  const today = localDate(useNow());
  const limit = rule("entry_refused_from", today);
  return (
    <p class="alert" role="alert">
      {cause === "fever" ? `体温 ≥ ${limit.value} ℃, 不得进场。` : "健康码异常, 不得进场。"}{" "}
      <small>依据: {cause === "fever" ? limit.source : sourceFor(duties, PASS, today)}</small>
    </p>
  );
}
