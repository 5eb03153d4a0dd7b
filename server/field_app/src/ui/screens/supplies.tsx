// 物资: disinfectant, masks and gloves that came in, were issued or were counted, and what should be left.

import { useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { observedMs, observedProblem, observedText } from "../../domain/backfill";
import { balances } from "../../domain/supplies";
import { problems } from "../../domain/validate";
import type { Body } from "../../protocol/entry";
import { isStanding, type Item, listed, type Written, writtenIn } from "../../store/view";
import { add, voidRecord } from "../../store/write";
import { Choice } from "../parts/choice";
import { Field, numberOf } from "../parts/field";
import { Observed } from "../parts/observed";
import { whenText } from "../parts/when";
import { onward } from "../route";
import { useLive, useSave, useSession } from "../session";

const KIND = "supply_movement";
const UNITS: Record<string, string> = { disinfectant: "升", mask: "只", glove: "只" };
const SHOWN = 20;

export function Supplies({ copy }: { copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const movements = useLive(() => listed(db, KIND, scope), [db, scope]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (!movements || !site || copied === undefined) return null;
  const left = balances(movements);
  const least = rule("supply_days_min");
  const latest = movements.filter(isStanding).sort((a, b) => b.timeMs - a.timeMs);
  return (
    <section>
      <h1>物资</h1>
      <dl class="card counts">
        {Object.entries(choices(KIND, "item")).map(([item, name]) => (
          <div key={item}>
            <dt class="muted">{name}结存</dt>
            <dd class={(left.get(item) ?? 0) < 0 ? "bad" : ""}>
              <strong>{left.has(item) ? left.get(item) : "–"}</strong> {UNITS[item]}
            </dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        储备不少于 {least.value} 日用量 <small>依据: {least.source}</small>
      </p>
      <MovementForm key={`${scope} ${copy}`} scope={site.scope} from={copied} />
      <ul class="entries card">
        {latest.slice(0, SHOWN).map((one) => (
          <Movement key={one.id} movement={one} />
        ))}
        {latest.length === 0 && <li class="muted">还没有出入库记录。</li>}
      </ul>
    </section>
  );
}

function MovementForm({ scope, from }: { scope: string; from: Written | null }) {
  const { db, offsetMs } = useSession();
  const save = useSave();
  const [body, setBody] = useState<Body>(from?.body ?? {});
  const [observed, setObserved] = useState(observedText(from?.observedMs ?? null));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const set = (changes: Body) => setBody((before) => ({ ...before, ...changes }));
  const keep = async (event: Event) => {
    event.preventDefault();
    const clean = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ""));
    if (clean["item"] !== "disinfectant") delete clean["concentration_mg_l"];
    const invalid = problems(KIND, clean);
    setWrong(invalid);
    if (Object.keys(invalid).length > 0 || observedProblem(observed, Date.now() + offsetMs)) return;
    const goOn = onward();
    if (!(await save(() => add(db, scope, KIND, clean, [], { observedMs: observedMs(observed) }), "已记录", from?.id))) return;
    setBody({});
    setObserved("");
    if (from) goOn("/supplies");
  };
  const chosen = (name: "item" | "movement", title: string) => (
    <>
      <Choice title={title} options={choices(KIND, name)} value={String(body[name] ?? "")} onChange={(value) => set({ [name]: value })} />
      {wrong[name] && <p class="wrong">{wrong[name]}</p>}
    </>
  );
  const field = { kind: KIND, body, wrong, set };
  return (
    <form class="card" onSubmit={keep} noValidate>
      {chosen("item", "物资")}
      {chosen("movement", "出入库")}
      <div class="fields">
        <Field {...field} name="amount" read={numberOf} mode="decimal" />
        {body["item"] === "disinfectant" && <Field {...field} name="concentration_mg_l" read={numberOf} mode="decimal" />}
        <Field {...field} name="note" />
      </div>
      <Observed value={observed} onChange={setObserved} />
      <button class="main">保存</button>
    </form>
  );
}

function Movement({ movement }: { movement: Item }) {
  const { db } = useSession();
  const save = useSave();
  const { body } = movement;
  const item = String(body["item"]);
  return (
    <li>
      <span>
        {choices(KIND, "item")[item]} {choices(KIND, "movement")[String(body["movement"])]}{" "}
        <strong>
          {String(body["amount"])} {UNITS[item]}
        </strong>{" "}
        <small>{whenText(movement)}</small>
      </span>
      {movement.state === "unsent" && (
        <button class="quiet small" onClick={() => void save(() => voidRecord(db, movement.scope, movement.id, "录入错误"), "")}>
          撤销
        </button>
      )}
    </li>
  );
}
