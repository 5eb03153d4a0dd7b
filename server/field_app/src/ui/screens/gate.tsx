// 门岗: who goes in and out, with temperature, health code and mask. Who is turned away leaves a record too.

import { useMemo, useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { type Person, present } from "../../domain/people";
import { celsiusOf, IMPOSSIBLE, verdict } from "../../domain/temperature";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { isStanding, type Item, listed, type Written, writtenIn } from "../../store/view";
import { add } from "../../store/write";
import { Choice, YES_NO, yesNo } from "../parts/choice";
import { Keypad, Reading } from "../parts/keypad";
import { Observed } from "../parts/observed";
import { PersonPicker } from "../parts/person_picker";
import { timeText } from "../parts/when";
import { go, onward } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";
import { PASS, READING, WORKER } from "../../domain/code_kinds";
import { sourceFor } from "../../domain/dated";

const KIND = PASS;
const BARRED_CODES = ["red", "yellow"];
const TURNED_AWAY = "拒绝进场";

export function Gate({ chosen, copy }: { chosen: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  const [saved, setSaved] = useState(0);
  const passes = useLive(() => listed(db, KIND, scope, today), [db, scope, today, saved]); // no list before it has what was saved
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const onSaved = () => setSaved(saved + 1);
  if (!workers || !passes || copied === undefined) return <h1 class="unseen">门岗</h1>;
  const last = lastPasses(passes);
  const person = people.find((one) => one.id === chosen);
  if (person) {
    const isInside = last.get(person.id)?.body["direction"] === "in";
    const fresh = { direction: isInside ? "out" : "in" };
    return <Pass key={`${person.id} ${copy}`} {...{ person, fresh, from: copied, onSaved }} />;
  }
  const inside = people.filter((one) => last.get(one.id)?.body["direction"] === "in").length;
  return (
    <section>
      <header class="title">
        <h1>
          门岗 <small>现在场内 {inside} 人</small>
        </h1>
      </header>
      <PersonPicker
        people={people}
        onPick={(one) => go(`/gate?worker=${one.id}`)}
        aside={(one) => passText(last.get(one.id))}
        empty="名册里还没有人员。"
      />
    </section>
  );
}

function digitsOf(celsius: unknown): string {
  return typeof celsius === "number" ? celsius.toFixed(1).replace(".", "") : "";
}

function lastPasses(passes: readonly Item[]): Map<string, Item> {
  const standing = passes.filter(isStanding).sort((a, b) => a.timeMs - b.timeMs);
  return new Map(standing.map((pass) => [String(pass.body["worker"]), pass]));
}

function passText(pass: Item | undefined) {
  if (!pass) return null;
  const isIn = pass.body["direction"] === "in";
  const isTurnedAway = String(pass.body["note"] ?? "").startsWith(TURNED_AWAY);
  return (
    <b class={isTurnedAway ? "bad" : isIn ? "good" : "muted"}>
      {timeText(pass)} {isTurnedAway ? "拒" : isIn ? "进" : "出"}
    </b>
  );
}

interface PassProps {
  person: Person;
  fresh: Body;
  from: Written | null; // the refused one that is written again
  onSaved: () => void;
}

function Pass({ person, fresh, from, onSaved }: PassProps) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const written = from?.body ?? fresh;
  const [observed, setObserved] = useState(observedText(from?.observedMs ?? null));
  const [direction, setDirection] = useState(String(written["direction"]));
  const [code, setCode] = useState(String(written["health_code"] ?? ""));
  const [mask, setMask] = useState<boolean | null>((written["mask_worn"] as boolean | undefined) ?? null);
  const [digits, setDigits] = useState(() => digitsOf(written["celsius"]));
  const celsius = celsiusOf(digits);
  const judged = verdict(celsius);
  const isIn = direction === "in";
  const reason = judged === "fever" ? "fever" : BARRED_CODES.includes(code) ? "health_code" : "";
  const missing = [...(celsius === null ? ["体温"] : []), ...(code === "" ? ["健康码"] : [])];
  const isUntimely = observedProblem(observed, Date.now() + offsetMs) !== "";
  const isUnfit = isUntimely || judged === "impossible" || (digits !== "" && celsius === null) || (isIn && missing.length > 0);
  const bodyOf = (way: string): Body => ({
    ...{ worker: person.id, direction: way, method: "manual" },
    ...(code && { health_code: code }),
    ...(mask !== null && { mask_worn: mask }),
    ...(celsius !== null && { celsius }),
  });
  const further = { observedMs: observedMs(observed) };
  const letPass = async () => {
    const saved = `已记录: ${person.name} ${isIn ? "进场" : "出场"}`;
    const goOn = onward();
    if (!(await save(() => add(db, person.scope, KIND, bodyOf(direction), [], further), saved, from?.id))) return;
    onSaved();
    goOn("/gate");
  };
  // The kind knows two directions only. Who is turned away goes out: so the record counts nobody as present.
  const turnAway = async () => {
    const why = reason === "fever" ? `体温 ${celsius?.toFixed(1)} ℃` : choices(KIND, "health_code")[code];
    const write = async () => {
      await add(db, person.scope, KIND, { ...bodyOf("out"), note: `${TURNED_AWAY}: ${why}` }, [], further);
      const check = { worker: person.id, celsius, slot: "entry", point: "gate" };
      if (reason === "fever") await add(db, person.scope, READING, check, [], further);
    };
    const goOn = onward();
    if (!(await save(write, `已记录: ${person.name} ${TURNED_AWAY}`, from?.id))) return;
    const isCode = BARRED_CODES.includes(code);
    goOn(isCode ? `/cases/case?worker=${person.id}&cause=health_code&code=${code}` : `/temperature?worker=${person.id}`);
  };
  return (
    <section class="measure pass">
      <header>
        <a class="back" href="#/gate" aria-label="返回">
          ‹
        </a>
        <h1>
          {person.name} <small>{person.team}</small>
        </h1>
      </header>
      <div class="pair">
        <Choice title="方向" options={choices(KIND, "direction")} value={direction} onChange={setDirection} />
        <Choice title="是否戴口罩" options={YES_NO} value={yesNo.text(mask)} onChange={(value) => setMask(yesNo.value(value))} canBeNone />
      </div>
      <Choice title="健康码 (看过后点选)" options={choices(KIND, "health_code")} value={code} onChange={setCode} canBeNone />
      <Reading digits={digits} />
      <Keypad onDigits={setDigits} />
      <Observed value={observed} onChange={setObserved} />
      <div class="foot">
        {judged === "impossible" && <p class="alert">体温{IMPOSSIBLE}</p>}
        {judged === "implausible" && <p class="alert">这个读数不像真实体温, 请再测一次; 如确实如此, 可以保存。</p>}
        {isIn && reason && <Barred reason={reason} />}
        {!isIn && judged === "fever" && <p class="notice">体温 ≥ {rule("fever_celsius").value} ℃: 请在测温中复测, 并按规定报备。</p>}
        {isIn && missing.length > 0 && !reason && <p class="muted center">还缺: {missing.join("、")}</p>}
        {isIn && reason ? (
          <button class="main deny" disabled={isUntimely || judged === "impossible"} onClick={turnAway}>
            {reason === "fever" ? "拒绝进场, 记录体温并复测" : "拒绝进场, 并立案"}
          </button>
        ) : (
          <button class="main" disabled={isUnfit} onClick={letPass}>
            {isIn ? "放行进场" : "登记出场"}
          </button>
        )}
      </div>
    </section>
  );
}

function Barred({ reason }: { reason: string }) {
  const { duties } = useSession();
  const today = localDate(useNow());
  const fever = rule("fever_celsius", today);
  return (
    <p class="alert" role="alert">
      {reason === "fever" ? `体温 ≥ ${fever.value} ℃, 不得进场。` : "健康码异常, 不得进场。"}{" "}
      <small>依据: {reason === "fever" ? fever.source : sourceFor(duties, KIND, today)}</small>
    </p>
  );
}
