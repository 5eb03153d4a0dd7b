// 门岗: who goes in and out, for a queue. One touch or a scanned code brings a person, whose name is then the largest thing on
// the screen; who is not to be let in is red or yellow at a glance, and heard.

import { useMemo, useState } from "preact/hooks";
import { choices } from "../../contracts";
import { insideNow, lastPasses } from "../../domain/heads";
import { departed, present } from "../../domain/people";
import { localDate } from "../../protocol/time";
import { formsOn, isMeantFor, WRITER } from "../../store/forms";
import { lackingTests } from "../../store/newcomers";
import { type Item, listed, writtenIn } from "../../store/view";
import { PersonPicker } from "../parts/person_picker";
import { timeText } from "../parts/when";
import { logRoom } from "../forms";
import { go } from "../route";
import { useLive, useNow, useSession } from "../session";
import { PASS, WORKER } from "../../domain/code_kinds";
import { type Done, Pass, TURNED_AWAY } from "./at_gate";

const KIND = PASS;
const ICON = "gate"; // of forms that are filled in here: visitors, vehicles, guards

export function Gate({ chosen, copy }: { chosen: string | null; copy: string | null }) {
  const { db, site, forms, duties } = useSession();
  const scope = site?.scope ?? "none";
  const now = useNow();
  const today = localDate(now);
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  const [done, setDone] = useState<Done | null>(null);
  const passes = useLive(() => listed(db, KIND, scope, today), [db, scope, today, done]); // no list before it has what was saved
  const untested = useLive(async () => (site ? lackingTests(db, site, { forms, duties }, now) : undefined), [db, site, forms, duties, today, done]);
  const people = useMemo(() => present(workers ?? [], today), [workers, today]);
  const gone = useMemo(() => departed(workers ?? [], today), [workers, today]);
  const copied = useLive(() => writtenIn(db, copy), [db, copy]);
  if (!workers || !passes || copied === undefined) return <h1 class="unseen">门岗</h1>;
  const last = lastPasses(passes);
  const person = people.find((one) => one.id === chosen) ?? gone.find((one) => one.id === chosen);
  if (person) {
    const isInside = last.get(person.id)?.body["direction"] === "in";
    const isGone = !people.includes(person);
    const fresh = { direction: isInside ? "out" : "in" };
    const testForm = untested?.workers.has(person.id) ? untested.form : "";
    return <Pass key={`${person.id} ${copy}`} {...{ person, isGone, testForm, fresh, from: copied, onSaved: setDone }} />;
  }
  const here = [...formsOn(forms, today).values()].filter((form) => form.icon === ICON && isMeantFor(form, site, WRITER));
  const inside = insideNow(people, passes);
  return (
    <section>
      <header class="title">
        <h1>
          门岗 <small>现在场内 {inside} 人</small>
        </h1>
      </header>
      {done && (
        <p class={`passed is-${done.tone}`} role="status">
          <strong>{done.name}</strong> <span>{done.text}</span>
        </p>
      )}
      <PersonPicker
        people={people}
        others={gone}
        onPick={(one) => go(`/gate?worker=${one.id}`)}
        aside={(one) => (one.exitedOn && one.exitedOn < today ? <b class="bad">已退场</b> : (passText(last.get(one.id)) ?? (untested?.workers.has(one.id) ? <b class="warn">无核酸</b> : null)))}
        empty="名册里还没有人员。"
        unknown={<Unknown />}
      />
      <p class="keys">
        {here.map((form) => (
          <a key={form.code} class="button second" href={`#${logRoom(form.code)}`}>
            {form.title}
          </a>
        ))}
      </p>
    </section>
  );
}

/** Whom no search finds: at a glance, and what a guard does then. */
function Unknown() {
  return (
    <div class="passed is-bad" role="alert">
      <strong>不在名册</strong> <span>不得按工人进场。核对写法; 新来的人先登记名册, 外来的人作来访登记。</span>
    </div>
  );
}

function passText(pass: Item | undefined) {
  if (!pass) return null;
  const isIn = pass.body["direction"] === "in";
  const cause = choices(KIND, "refused_for")[String(pass.body["refused_for"])];
  const isTurnedAway = !!pass.body["refused_for"] || String(pass.body["note"] ?? "").startsWith(TURNED_AWAY); // a note: by older apps
  return (
    <b class={isTurnedAway ? "bad" : isIn ? "good" : "muted"} title={cause}>
      {timeText(pass)} {isTurnedAway ? "拒" : isIn ? "进" : "出"}
    </b>
  );
}
