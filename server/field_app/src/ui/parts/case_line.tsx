// One case in a list: whose, why, and what is still to be reported by when.

import { choices } from "../../contracts";
import { type Case, REPORTS, urgency } from "../../domain/cases";
import { CASE } from "../../domain/code_kinds";
import type { Item } from "../../store/view";
import { contestedOf } from "./contested";
import { spanText } from "./span";

export function CaseLine({ known, name, now }: { known: Case; name: string; now: number }) {
  const { item, isOpen } = known;
  const mark = !isOpen ? "closed" : { good: "done", warn: "due", bad: "overdue" }[urgency(known, now)];
  return (
    <li>
      <a class={mark} href={`#/cases/case?id=${item.id}`}>
        <span>
          <strong>{name}</strong> <small>{choices(CASE, "cause")[String(item.body["cause"])]}</small>
        </span>
        <span class="aside">
          {contestedOf(item).length > 0 && <b class="bad">值有争议 </b>}
          {isOpen ? caseText(known, now) : item.body["voided"] ? "已作废" : choices(CASE, "outcome")[String(item.body["outcome"])]}
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
