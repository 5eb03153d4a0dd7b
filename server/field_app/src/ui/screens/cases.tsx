// 个案: every case of the site, and choosing the person of a new one.

import { choices } from "../../contracts";
import { type Case, caseOf, REPORTS, urgency } from "../../domain/cases";
import { present } from "../../domain/people";
import { localDate } from "../../protocol/time";
import { type Item, listed } from "../../store/view";
import { contestedOf } from "../parts/contested";
import { PersonPicker } from "../parts/person_picker";
import { spanText } from "../parts/span";
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

export function CaseLine({ known, name, now }: { known: Case; name: string; now: number }) {
  const { item, isOpen } = known;
  const mark = !isOpen ? "closed" : { good: "done", warn: "due", bad: "overdue" }[urgency(known, now)];
  return (
    <li>
      <a class={mark} href={`#/cases/case?id=${item.id}`}>
        <span>
          <strong>{name}</strong> <small>{choices(KIND, "cause")[String(item.body["cause"])]}</small>
        </span>
        <span class="aside">
          {contestedOf(item).length > 0 && <b class="bad">值有争议 </b>}
          {isOpen ? caseText(known, now) : item.body["voided"] ? "已作废" : choices(KIND, "outcome")[String(item.body["outcome"])]}
        </span>
      </a>
    </li>
  );
}

function caseText(known: Case, now: number): string {
  if (known.missing.length === 0) return known.item.body["isolated"] ? "已报备, 待结果" : "已报备, 未隔离";
  const left = known.limitMs - now;
  const reported = known.missing.length === REPORTS.length ? "未报备" : `还差 ${known.missing.length} 处报备`;
  return `${reported}, ${left > 0 ? `还有 ${spanText(left)}` : `超时 ${spanText(-left)}`}`;
}

export function nameOf(workers: readonly Item[], id: string): string {
  return String(workers.find((item) => item.id === id)?.body["name"] ?? "名册外人员");
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
