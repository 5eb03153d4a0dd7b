// 我做的: every record that was written on this tablet, found by time, place or person, each one touch from being corrected or
// declared void; what is not written to its end, and what the server refused, before all others.

import { useMemo, useState } from "preact/hooks";
import { choices, contracts, shownValue } from "../../contracts";
import { CASE, READING, WORKER } from "../../domain/code_kinds";
import { type Person, personOf, search } from "../../domain/people";
import { localDate, localTime, parseMs } from "../../protocol/time";
import type { OutboxRow } from "../../store/database";
import { begunByOthers } from "../../store/drafts";
import { correctedBy, endsOf, writtenSince } from "../../store/mine";
import { refusedUnseen } from "../../store/refused";
import { unsealLines } from "../../store/seal";
import { entryOf, type Item, listed } from "../../store/view";
import { formOf, kindOf, logRoom, pageOf } from "../forms";
import { summaryOf } from "../form/summary";
import { Choice } from "../parts/choice";
import { Moves } from "../parts/moves";
import { Refused } from "../parts/refused";
import { type Names, rowTitle } from "../parts/row_title";
import { Unfinished } from "../parts/unfinished";
import { useLive, useNow, useSession } from "../session";
import { OUTCOMES } from "../texts";

const SHOWN = 30;
const DAY_MS = 24 * 3600_000;
const SINCE = { today: "今天", yesterday: "昨天起", week: "一周" };
const DAYS: Record<string, number> = { today: 0, yesterday: 1, week: 6 };
const BY = { time: "按时间", place: "按地点", person: "按人员" };

/** One entry as it is looked for. */
interface Line {
  row: OutboxRow;
  title: string;
  detail: string;
  person: Person | undefined;
  place: string;
}

export function Mine() {
  const { db, sites, forms } = useSession();
  const today = localDate(useNow());
  const [since, setSince] = useState("today");
  const [by, setBy] = useState("time");
  const [typed, setTyped] = useState("");
  const sinceMs = (parseMs(`${today}T00:00:00+08:00`) ?? 0) - DAYS[since]! * DAY_MS;
  const rows = useLive(() => writtenSince(db, sinceMs), [db, sinceMs], ["outbox"]);
  const refused = useLive(async () => unsealLines(db, await refusedUnseen(db).reverse().toArray()), [db], ["outbox"]);
  const begun = useLive(() => begunByOthers(db), [db], ["notes"]);
  const workers = useLive(() => listed(db, WORKER, ""), [db], ["records", "outbox"]);
  const cases = useLive(() => listed(db, CASE, ""), [db], ["records", "outbox"]);
  const lines = useMemo(() => {
    if (!rows || !workers || !cases || !begun) return undefined;
    const people = new Map(workers.map((item) => [item.id, item]));
    const owners = new Map(cases.map(({ id, body }) => [id, String(body["worker"])]));
    const names = new Map([...workers.map(({ id, body }) => [id, String(body["name"])] as const), ...placeNames(sites)]);
    const shown = rows.filter((row) => row.outcome !== "refused" && row.line.length > 0);
    return shown.map((row): Line => {
      const { body } = entryOf(row);
      const item = people.get(String(body["worker"] ?? owners.get(row.record) ?? row.record));
      const place = names.get(String(body["place_id"])) ?? String(body["place_name"] ?? choices(READING, "point")[String(body["point"])] ?? "");
      const by = begun.get(row.id);
      return { row, title: rowTitle(forms, row, names), detail: [detailOf(row, names), by && `${by}起草`].filter(Boolean).join(" · "), person: item && personOf(item), place };
    });
    function detailOf(row: OutboxRow, names: Names): string {
      const { body, reason } = entryOf(row);
      if (row.act === "void") return reason ?? "";
      if (formOf(forms, row.kind)) return summaryOf(forms, { kind: row.kind, body } as Item, names);
      const fields = contracts.kinds[row.kind]?.fields ?? {};
      const said = Object.entries(body).filter(([name]) => fields[name] && !["worker", "celsius", "name", "note", "point"].includes(name));
      if (row.kind === WORKER) return row.act === "edit" ? said.map(([name]) => fields[name]!.title).join("、") : String(body["team"] ?? "");
      return said.filter(([name, value]) => choices(row.kind, name)[String(value)]).map(([name, value]) => shownValue(row.kind, name, value)).join(" · ");
    }
  }, [rows, workers, cases, begun, forms, sites]);
  const corrected = useMemo(() => correctedBy(rows ?? []), [rows]);
  if (!lines || !refused || !workers) return <h1 class="unseen">我做的</h1>;
  const wanted = typed.trim().toLowerCase();
  const isWanted = ({ title, detail, place, person }: Line) =>
    `${title} ${detail} ${place}`.toLowerCase().includes(wanted) || (person !== undefined && search([person], wanted).length > 0);
  const found = wanted ? lines.filter(isWanted) : lines;
  const names = new Map(workers.map(({ id, body }) => [id, String(body["name"])]));
  return (
    <section class="mine">
      <header class="title">
        <h1>
          我做的 <small>{wanted ? `找到 ${found.length} 条, 共 ${lines.length} 条` : `${lines.length} 条`}</small>
        </h1>
      </header>
      {refused.map((row) => (
        <Refused key={row.id} row={row} names={names} />
      ))}
      <Unfinished />
      <div class="choices">
        <Choice title="" options={SINCE} value={since} onChange={setSince} />
        <Choice title="" options={BY} value={by} onChange={setBy} />
      </div>
      <label class="search">
        <span class="unseen">查找记录</span>
        <input type="search" value={typed} placeholder="姓名 / 拼音 / 场所 / 记录 / 后四位" autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      {found.length === 0 && <p class="empty">{wanted ? "没有找到。" : "这段时间没有在这台平板上写过记录。"}</p>}
      {by === "time" ? (
        <Lines lines={found} corrected={corrected} />
      ) : (
        groups(found, by).map(([name, some]) => <Group key={`${by} ${name}`} name={name} lines={some} corrected={corrected} isOpen={wanted !== ""} />)
      )}
    </section>
  );
}

/** What places are called, by id. */
function placeNames(sites: readonly Item[]): [string, string][] {
  const places = sites.flatMap(({ body }) => (body["places"] ?? []) as { id?: string; name: string }[]);
  return places.flatMap(({ id, name }): [string, string][] => (id ? [[id, name]] : []));
}

/** By place or person, the one with the most first; those without one last. */
function groups(lines: readonly Line[], by: string): [string, Line[]][] {
  const found = new Map<string, Line[]>();
  for (const line of lines) {
    const name = by === "place" ? line.place : (line.person && `${line.person.name} ${line.person.certificate.slice(-4)}`) || "";
    const some = found.get(name);
    if (some) some.push(line);
    else found.set(name, [line]);
  }
  return [...found].sort(([a, some], [b, others]) => Number(a === "") - Number(b === "") || others.length - some.length);
}

interface LinesProps {
  lines: readonly Line[];
  corrected: ReadonlySet<string>;
}

function Group({ name, lines, corrected, isOpen: startsOpen }: LinesProps & { name: string; isOpen: boolean }) {
  const [isOpen, setOpen] = useState(startsOpen);
  return (
    <details class="card" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span>
          {name || "其他"} <small>{lines.length} 条</small>
        </span>
      </summary>
      {isOpen && <Lines lines={lines} corrected={corrected} />}
    </details>
  );
}

function Lines({ lines, corrected }: LinesProps) {
  const { db } = useSession();
  const today = localDate(useNow());
  const shown = lines.slice(0, SHOWN);
  const ids = shown.map(({ row }) => row.record);
  const ends = useLive(() => endsOf(db, ids), [db, ids.join()], ["outbox", "records"]);
  if (!ends) return null;
  return (
    <ul class="written">
      {shown.map((line) => (
        <One key={line.row.id} {...line} today={today} end={line.row.act === "void" ? "" : (ends.get(line.row.record) ?? (corrected.has(line.row.record) ? "amended" : ""))} />
      ))}
      {lines.length > SHOWN && <li class="muted">还有 {lines.length - SHOWN} 条, 请输入查找。</li>}
    </ul>
  );
}

function One({ row, title, detail, place, end, today }: Line & { end: string; today: string }) {
  const { sites, forms } = useSession();
  const site = String(sites.find(({ scope }) => scope === row.scope)?.body["name"] ?? "");
  const state = row.state === "waiting" ? "未上传" : row.outcome === "held" ? "待核对" : row.outcome === "contested" ? OUTCOMES[row.outcome] : "";
  const said = { voided: "已作废", amended: "已更正" }[end] ?? "";
  const canMove = end === "" && (row.act === "add" || row.act === "amend");
  const record = { scope: row.scope, id: row.record, state: row.state === "waiting" ? ("unsent" as const) : ("sent" as const) };
  return (
    <li class={row.state === "waiting" ? "is-waiting" : ""}>
      <div>
        <strong>{said ? <s>{title}</s> : title}</strong> <small>{detail}</small>
        <small class="line">
          {localDate(row.wallMs) !== today && `${localDate(row.wallMs).slice(5)} `}
          {[localTime(row.wallMs), sites.length > 1 && site, place, state, said].filter(Boolean).join(" · ")}
        </small>
      </div>
      {canMove && <Ways {...{ row, record, forms }} />}
    </li>
  );
}

/** People and cases are changed on pages of their own; all else is corrected, or declared void. */
function Ways({ row, record, forms }: { row: OutboxRow; record: Parameters<typeof Moves>[0]["record"]; forms: ReturnType<typeof useSession>["forms"] }) {
  if (row.kind === WORKER) return <Page href={`#/roster/worker?id=${row.record}`} />;
  if (row.kind === CASE) return <Page href={`#${pageOf(forms, CASE, row.record)}`} />;
  const isForm = formOf(forms, row.kind) !== undefined;
  const href = isForm ? `#${logRoom(row.kind)}?of=${row.record}` : `#/mine/amend?id=${row.record}`;
  return <Moves record={record} href={href} isRegister={kindOf(forms, row.kind)?.nature === "register"} />;
}

function Page({ href }: { href: string }) {
  return (
    <a class="button quiet" href={href}>
      打开
    </a>
  );
}
