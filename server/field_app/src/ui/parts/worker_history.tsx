// What is known of a person: readings, passes and cases, today's at once and those of the week when asked for.

import { useState } from "preact/hooks";
import { choices } from "../../contracts";
import { caseOf } from "../../domain/cases";
import { CASE, PASS, READING } from "../../domain/code_kinds";
import { isFever } from "../../domain/temperature";
import { addDays, localDate } from "../../protocol/time";
import type { FieldDatabase } from "../../store/database";
import { isStanding, type Item, listed } from "../../store/view";
import { useLive, useNow, useSession } from "../session";
import { CaseLine } from "./case_line";
import { timeText, whenText } from "./when";

const DAYS = 7;

export function WorkerHistory({ worker: { id, scope, body } }: { worker: Item }) {
  const { db } = useSession();
  const now = useNow();
  const today = localDate(now);
  const [isWhole, setWhole] = useState(false);
  const facts = useLive(() => factsOf(db, scope, id, today, isWhole ? DAYS : 1), [db, scope, id, today, isWhole], ["records", "outbox"]);
  const cases = useLive(async () => (await listed(db, CASE, scope)).filter((item) => item.body["worker"] === id).map(caseOf), [db, scope, id], ["records", "outbox"]);
  if (!facts || !cases) return null;
  return (
    <div class="card history">
      <div class="keys">
        <a class="button quiet" href={`#/temperature?worker=${id}`}>
          测温
        </a>
        <a class="button quiet" href={`#/gate?worker=${id}`}>
          进出场
        </a>
      </div>
      {cases.length > 0 && (
        <ul class="dues">
          {cases.map((one) => (
            <CaseLine key={one.item.id} known={one} name={`个案: ${String(body["name"])}`} now={now} />
          ))}
        </ul>
      )}
      <h2>
        {isWhole ? "近一周" : "今天"} <small>测温和进出场</small>
      </h2>
      {facts.length === 0 && <p class="muted">还没有记录。</p>}
      <ul class="entries">
        {facts.map((one) => (
          <li key={one.id}>
            <span>{isStanding(one) ? <Said fact={one} /> : <s><Said fact={one} /></s>}</span>
            <small>{isWhole ? whenText(one) : timeText(one)}</small>
          </li>
        ))}
      </ul>
      {!isWhole && (
        <button type="button" class="quiet small" onClick={() => setWhole(true)}>
          看近一周
        </button>
      )}
    </div>
  );
}

async function factsOf(db: FieldDatabase, scope: string, worker: string, today: string, days: number): Promise<Item[]> {
  const found: Item[] = [];
  for (let back = 0; back < days; back++) {
    for (const kind of [READING, PASS]) found.push(...(await listed(db, kind, scope, addDays(today, -back))).filter(({ body }) => body["worker"] === worker));
  }
  return found.sort((a, b) => b.timeMs - a.timeMs);
}

function Said({ fact: { kind, body } }: { fact: Item }) {
  const celsius = typeof body["celsius"] === "number" ? body["celsius"] : null;
  const reading = celsius !== null && <b class={isFever(celsius) ? "bad" : "good"}>{celsius.toFixed(1)} ℃</b>;
  if (kind === READING) return <>{choices(READING, "slot")[String(body["slot"])]} {reading}</>;
  const words = ["direction", "health_code", "refused_for"].map((name) => choices(PASS, name)[String(body[name])]);
  return <>{words.filter(Boolean).join(" · ")} {reading}</>;
}
