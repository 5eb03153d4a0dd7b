// 门岗: who goes in and out, with temperature and health code.

import { useMemo, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { type Person, present } from "../../domain/people";
import { celsiusOf, FEVER, IMPOSSIBLE, verdict } from "../../domain/temperature";
import type { Body } from "../../protocol/entry";
import { localDate, localTime } from "../../protocol/time";
import { type Item, listed, writtenIn } from "../../store/view";
import { add } from "../../store/write";
import { Choice } from "../parts/choice";
import { Keypad, Reading } from "../parts/keypad";
import { PersonPicker } from "../parts/person_picker";
import { go } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";

const KIND = "gate_pass";

export function Gate({ chosen, copy }: { chosen: string | null; copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const workers = useLive(() => listed(db, "worker", scope), [db, scope]);
  const passes = useLive(() => listed(db, KIND, scope, today), [db, scope, today]);
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (!workers || !passes || copied === undefined) return null;
  const last = lastPasses(passes);
  const person = people.find((one) => one.id === chosen);
  if (person) {
    const isInside = last.get(person.id)?.body["direction"] === "in";
    const written = copied?.body ?? { direction: isInside ? "out" : "in", health_code: "green" };
    return <Pass key={`${person.id} ${copy}`} person={person} written={written} />;
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
  const standing = passes.filter((pass) => pass.body["voided"] !== true).sort((a, b) => a.timeMs - b.timeMs);
  return new Map(standing.map((pass) => [String(pass.body["worker"]), pass]));
}

function passText(pass: Item | undefined) {
  if (!pass) return null;
  const isIn = pass.body["direction"] === "in";
  return (
    <b class={isIn ? "good" : "muted"}>
      {localTime(pass.timeMs)} {isIn ? "进" : "出"}
    </b>
  );
}

function Pass({ person, written }: { person: Person; written: Body }) {
  const { db } = useSession();
  const save = useSave();
  const [direction, setDirection] = useState(String(written["direction"]));
  const [code, setCode] = useState(String(written["health_code"] ?? "none"));
  const [digits, setDigits] = useState(() => digitsOf(written["celsius"]));
  const celsius = celsiusOf(digits);
  const judged = verdict(celsius);
  const isBarred = direction === "in" && (judged === "fever" || code === "red" || code === "yellow");
  const keep = async () => {
    const body: Body = { worker: person.id, direction, method: "manual", health_code: code };
    if (celsius !== null) body["celsius"] = celsius;
    const saved = `已记录: ${person.name} ${direction === "in" ? "进场" : "出场"}`;
    if (await save(() => add(db, person.scope, KIND, body), saved)) go("/gate");
  };
  const startRetest = async () => {
    const body = { worker: person.id, celsius, slot: "entry", point: "gate" };
    if (await save(() => add(db, person.scope, "temperature_check", body), "已记录测温, 请复测")) {
      go(`/temperature?worker=${person.id}`);
    }
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
      <div class="choices">
        <Choice title="方向" options={choices(KIND, "direction")} value={direction} onChange={setDirection} />
        <Choice title="健康码" options={choices(KIND, "health_code")} value={code} onChange={setCode} />
      </div>
      <Reading digits={digits} />
      {judged === "impossible" && <p class="alert">体温{IMPOSSIBLE}</p>}
      {judged === "implausible" && <p class="alert">这个读数不像真实体温, 请再测一次; 如确实如此, 可以保存。</p>}
      {isBarred && (
        <p class="alert" role="alert">
          {judged === "fever" ? `体温 ≥ ${FEVER.value} ℃, 不得进场。` : "健康码异常, 不得进场。"}
          <small> 依据: {FEVER.source}</small>
        </p>
      )}
      {!isBarred && judged === "fever" && <p class="notice">体温 ≥ {FEVER.value} ℃: 请在测温中复测, 并按规定报备。</p>}
      <Keypad digits={digits} onDigits={setDigits} />
      {isBarred && judged === "fever" ? (
        <button class="main" onClick={startRetest}>
          记录体温并复测
        </button>
      ) : (
        <button class="main" disabled={judged === "impossible" || isBarred || (digits !== "" && celsius === null)} onClick={keep}>
          {direction === "in" ? "放行进场" : "登记出场"}
        </button>
      )}
    </section>
  );
}
