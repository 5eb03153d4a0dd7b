// 个案: every case of the site, and choosing the person of a new one.

import { caseOf } from "../../domain/cases";
import { present } from "../../domain/people";
import { localDate } from "../../protocol/time";
import { listed } from "../../store/view";
import { CaseLine, nameOf } from "../parts/case_line";
import { PersonPicker } from "../parts/person_picker";
import { go } from "../route";
import { useLive, useNow, useSession } from "../session";
import { CASE, WORKER } from "../../domain/code_kinds";

const KIND = CASE;

/** Every case of the site, those that need an action first; and the way to a new one. */
export function Cases() {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const now = useNow();
  const items = useLive(() => listed(db, KIND, scope), [db, scope]);
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  if (!items || !workers) return null;
  const cases = items.map(caseOf).sort((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.openedMs - a.openedMs);
  return (
    <section>
      <header class="title">
        <h1>
          个案 <small>{cases.filter((one) => one.isOpen).length} 个未结</small>
        </h1>
        <a class="button" href="#/cases/new">
          报告异常
        </a>
      </header>
      {cases.length === 0 && <p class="empty">这里没有健康异常个案。</p>}
      <ul class="dues">
        {cases.map((one) => (
          <CaseLine key={one.item.id} known={one} name={nameOf(workers, one.worker)} now={now} />
        ))}
      </ul>
    </section>
  );
}

/** Of whom a case is: symptoms or a journey, which no reading shows. */
export function NewCaseOf() {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const today = localDate(useNow());
  const workers = useLive(() => listed(db, WORKER, scope), [db, scope]);
  if (!workers) return null;
  return (
    <section>
      <header class="title">
        <h1>报告异常: 是谁?</h1>
      </header>
      <PersonPicker people={present(workers, today)} onPick={(one) => go(`/cases/case?worker=${one.id}`)} empty="名册里还没有人员。" />
    </section>
  );
}
