// 标记: what is wrong at this site, and who has to act. The moves are made at the office, not here.

import { dutySource } from "../../reference";
import { reasonText, word } from "../../contracts";
import { type Flag, flagOf } from "../../domain/flags";
import { localDate, localTime, parseMs } from "../../protocol/time";
import { type Item, listed } from "../../store/view";
import { useLive, useSession } from "../session";

const WINDOWS_SHOWN = 30;

export function Flags({ id }: { id: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const items = useLive(() => listed(db, "flag", scope), [db, scope]);
  const windows = useLive(() => listed(db, "window", scope), [db, scope]);
  if (!items || !windows) return null;
  const flags = items.map(flagOf).sort((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.openedMs - a.openedMs);
  const shown = flags.find((one) => one.item.id === id);
  if (shown) return <OneFlag flag={shown} windows={windows} />;
  return (
    <section>
      <header class="title">
        <h1>
          标记 <small>{flags.filter((one) => one.isOpen).length} 个未销号</small>
        </h1>
      </header>
      {flags.length === 0 && <p class="empty">这里没有标记。</p>}
      <ul class="dues">
        {flags.map((flag) => (
          <li key={flag.item.id}>
            <a class={flag.isOpen ? (flag.isSevere ? "overdue" : "due") : "closed"} href={`#/flags?id=${flag.item.id}`}>
              <span>
                <strong>{word("duty", flag.duty)}</strong> <small>{momentText(flag.openedMs)} 开立</small>
              </span>
              <span class="aside">{word("flag_state", flag.state)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function OneFlag({ flag, windows }: { flag: Flag; windows: readonly Item[] }) {
  const { item } = flag;
  const named = Array.isArray(item.body["windows"]) ? item.body["windows"].map(String) : [];
  const known = windows.filter((window) => named.includes(window.id)).sort((a, b) => dueMs(b) - dueMs(a));
  const rows: [string, string][] = [
    ["状态", word("flag_state", flag.state)],
    ["经办", word("unit", String(item.body["unit"]))],
    ["严重程度", word("flag_severity", String(item.body["severity"]))],
    ["开立", momentText(flag.openedMs)],
    ["最近变更", momentText(parseMs(item.body["changed"]))],
    ["销号", momentText(parseMs(item.body["closed"]))],
    ["依据", dutySource(flag.duty)],
  ];
  return (
    <section class="flag">
      <header>
        <a class="back" href="#/flags" aria-label="返回">
          ‹
        </a>
        <h1>{word("duty", flag.duty)}</h1>
      </header>
      <dl class="card facts">
        {rows.map(([title, text]) => text && [<dt key={title}>{title}</dt>, <dd key={`${title} value`}>{text}</dd>])}
      </dl>
      {item.body["previous"] ? (
        <p>
          <a class="button second" href={`#/flags?id=${String(item.body["previous"])}`}>
            再次发生: 查看前一标记
          </a>
        </p>
      ) : null}
      <h2>涉及时段 {named.length > 0 && <small>{named.length} 个</small>}</h2>
      {named.length === 0 && <p class="muted">没有具体时段。</p>}
      <ul class="dues">
        {known.slice(0, WINDOWS_SHOWN).map((window) => (
          <li key={window.id}>
            <span class="row closed">
              <span>
                {word("place", String(window.body["place"] ?? ""))} {word("slot", String(window.body["slot"]))}{" "}
                <small>{momentText(dueMs(window))} 截止</small>
                {window.body["reason"] ? <small class="line">{reasonText(window.body["reason"])}</small> : null}
              </span>
              <span class="aside">{word("window_state", String(window.body["state"]))}</span>
            </span>
          </li>
        ))}
      </ul>
      {named.length > Math.min(known.length, WINDOWS_SHOWN) && <p class="muted">其余时段不在本机。</p>}
      <p class="muted">标记只供核查, 由{word("unit", String(item.body["unit"]))}办理; 平板上不能改变状态。</p>
    </section>
  );
}

function dueMs(window: Item): number {
  return parseMs(window.body["due"]) ?? 0;
}

function momentText(ms: number | null): string {
  return ms ? `${localDate(ms).slice(5)} ${localTime(ms)}` : "";
}
