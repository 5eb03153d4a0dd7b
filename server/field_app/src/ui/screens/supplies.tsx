// 物资: what should be left of disinfectant, masks and gloves, and the form by which they come in, are issued or counted.

import { useState } from "preact/hooks";
import { choices, rule } from "../../contracts";
import { shippedForm } from "../../domain/shipped_forms";
import { balances } from "../../domain/supplies";
import type { Body } from "../../protocol/entry";
import { listed, writtenIn } from "../../store/view";
import { FillIn } from "../form/fill_in";
import { Records } from "../form/records";
import { onward } from "../route";
import { useLive, useSession } from "../session";

const KIND = "supply_movement";
const UNITS: Record<string, string> = { disinfectant: "升", mask: "只", glove: "只" };
const SHOWN = 20;

export function Supplies({ copy }: { copy: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const movements = useLive(() => listed(db, KIND, scope), [db, scope]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  const [written, setWritten] = useState(0); // a form that was saved gives way to an empty one
  const form = shippedForm(KIND);
  if (!form || !movements || !site || copied === undefined) return null;
  const left = balances(movements);
  const least = rule("supply_days_min");
  const latest = [...movements].sort((a, b) => b.timeMs - a.timeMs).slice(0, SHOWN);
  const goOn = onward();
  const onSaved = () => (copied ? goOn("/supplies") : setWritten(written + 1));
  const filling = { form, isPublished: false, scope: site.scope, place: null, preset: {}, of: null, from: copied, workers: [], rules: [], onSaved };
  return (
    <section class="form">
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
      <FillIn key={`${scope} ${copy} ${written}`} {...filling} hides={notOf} />
      <Records form={form} records={latest} scope={site.scope} empty="还没有出入库记录。" hasDays />
    </section>
  );
}

/** Only a disinfectant has a strength. */
function notOf(body: Body): string[] {
  return body["item"] === "disinfectant" ? [] : ["concentration_mg_l"];
}
