// 资料: what an inspector looks up on the way, all of it here without a network: the plan's own text, the numbers in force with
// their sources, whom to call, what each form asks for, and how far the sites are.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { distanceM, distanceText } from "../../domain/distance";
import { fieldsOf, type Form } from "../../domain/form";
import { reportLines } from "../../domain/report_lines";
import plan from "../../generated/plan.json";
import type { Body } from "../../protocol/entry";
import { localDate } from "../../protocol/time";
import { formsOn, isMeantFor, WRITER } from "../../store/forms";
import { type Item, listed } from "../../store/view";
import { askPosition, type Position } from "../position";
import { useLive, useNow, useSession } from "../session";

// Of the units of rules, those that are English words: everybody reads °C and MB.
const UNITS: Record<string, string> = {
  ...{ a: "年", months: "个月", d: "天", h: "小时", min: "分钟", s: "秒", year: "年", bytes: "字节", pixels: "像素" },
  ...{ readings: "次", passes: "次", tries: "次", persons: "人", rooms: "间", values: "个", backups: "份" },
};
const HEADINGS = ["title", "heading"];

export function Reference() {
  return (
    <section>
      <h1>资料</h1>
      <Phones />
      <Sites />
      <Numbers />
      <Help />
      <Plan />
    </section>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="card" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && children}
    </details>
  );
}

function Phones() {
  const { db, site } = useSession();
  const today = localDate(useNow());
  const rows = useLive(() => listed(db, "report_line", "ref"), [db]);
  if (!rows || !site) return null;
  const lines = reportLines(rows.map(({ body }) => body), String(site.body["district"] ?? ""), site.id, today);
  return (
    <Part title="报备电话">
      {lines.length === 0 && <p class="muted">还没有登记报备电话。</p>}
      <ul class="rows">
        {lines.map(({ part, name, phone }) => (
          <li key={part}>
            <strong>{name}</strong> {phone ? <a class="button second" href={`tel:${phone}`}>{phone}</a> : <span class="muted">还没有填写号码</span>}
          </li>
        ))}
      </ul>
    </Part>
  );
}

/** The nearest first, once the tablet has said where it is. */
function Sites() {
  const { sites } = useSession();
  const [here, setHere] = useState<Position | null | "asking">();
  const ask = async () => {
    setHere("asking");
    setHere(await askPosition());
  };
  const position = here === "asking" ? undefined : here;
  const known = sites.map((site) => ({ site, metres: position ? metresTo(site, position) : null }));
  const sorted = known.sort((a, b) => (a.metres ?? Infinity) - (b.metres ?? Infinity));
  return (
    <Part title="我的地点和距离">
      <button class="quiet wide" disabled={here === "asking"} onClick={ask}>
        {here === "asking" ? "正在定位…" : "看离我多远"}
      </button>
      {position === null && <p class="notice">不知道现在的位置: 没有允许定位, 或没有信号。</p>}
      <ul class="rows">
        {sorted.map(({ site, metres }) => (
          <li key={site.scope}>
            <strong>{String(site.body["name"])}</strong> {metres !== null && <b>{distanceText(metres)}</b>}
            {position && metres === null && <span class="muted">没有登记位置, 距离不知道</span>}
            <small class="line">{String(site.body["address"] ?? "")}</small>
          </li>
        ))}
      </ul>
      {position && <p class="muted">直线距离, 定位误差 {position.accuracy_m} m。</p>}
    </Part>
  );
}

function metresTo({ body }: Item, here: Position): number | null {
  const { latitude_deg, longitude_deg } = body;
  return typeof latitude_deg === "number" && typeof longitude_deg === "number" ? distanceM(here, { latitude_deg, longitude_deg }) : null;
}

function Numbers() {
  const { db } = useSession();
  const today = localDate(useNow());
  const rows = useLive(() => listed(db, "rule", "ref"), [db]);
  if (!rows) return null;
  return (
    <Part title="界限和期限">
      <ul class="rows">
        {inForce(rows, today).map((body) => (
          <li key={String(body["code"])}>
            {String(body["name"])} <b>{valueText(body)}</b>
            <small class="line">{String(body["source"])}</small>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function valueText({ value, unit }: Body): string {
  if (unit === "share") return `${Number((Number(value) * 100).toFixed(1))} %`;
  return `${String(value)} ${UNITS[String(unit)] ?? String(unit ?? "")}`;
}

/** Of each number the version that began last, by name. */
function inForce(rows: readonly Item[], today: string): Body[] {
  const holds = ({ body }: Item) => String(body["valid_from"] ?? "") <= today && (typeof body["valid_to"] !== "string" || today < body["valid_to"]);
  const found = new Map<string, Body>();
  const sorted = [...rows].sort((a, b) => String(a.body["valid_from"] ?? "").localeCompare(String(b.body["valid_from"] ?? "")));
  for (const row of sorted.filter(holds)) found.set(String(row.body["code"]), row.body);
  return [...found.values()].sort((a, b) => String(a["name"]).localeCompare(String(b["name"]), "zh-CN"));
}

function Help() {
  const { forms, site } = useSession();
  const today = localDate(useNow());
  const offered = [...formsOn(forms, today).values()].filter((form) => isMeantFor(form, site, WRITER));
  return (
    <Part title="表单说明">
      {offered.map((form) => (
        <FormHelp key={form.code} form={form} />
      ))}
    </Part>
  );
}

function FormHelp({ form }: { form: Form }) {
  return (
    <section aria-label={form.title}>
      <h2>{form.title}</h2>
      <small class="line">{form.source}</small>
      <ul>
        {fieldsOf(form).filter(({ role }) => role !== "seen").map(({ name, label, unit, hint, required }) => (
          <li key={name}>
            {label}
            {unit && ` (${unit})`}
            {required === true && <small> 必填</small>}
            {hint && <small class="line">{hint}</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Sentence by sentence, as it was issued. */
function Plan() {
  return (
    <Part title="方案原文">
      {plan.map(({ title, source, sentences }) => (
        <article key={title} class="plan">
          {sentences.map(({ kind, text }, i) => (HEADINGS.includes(kind) ? <h3 key={i}>{text}</h3> : <p key={i}>{text}</p>))}
          <small class="line">{source}</small>
        </article>
      ))}
    </Part>
  );
}
