// 标记: what is wrong at this site, what was asked and until when, what the company replied, and the recheck on the site.

import { useEffect, useMemo } from "preact/hooks";
import { dutySource } from "../../reference";
import { reasonText, word } from "../../contracts";
import { FLAG, type Flag, flagOf, type Said } from "../../domain/flags";
import { fieldOf } from "../../domain/form";
import { localDate, localTime, parseMs } from "../../protocol/time";
import { flagPhotos } from "../../store/flag_photos";
import { formsOn, isMeantFor, WRITER } from "../../store/forms";
import { isStanding, type Item, listed } from "../../store/view";
import { Records } from "../form/records";
import { type ChildForm, childForms, logRoom } from "../forms";
import { useLive, useNow, useSession } from "../session";

const WINDOWS_SHOWN = 30;

export function Flags({ id }: { id: string | null }) {
  const { db, site } = useSession();
  const scope = site?.scope ?? "none";
  const items = useLive(() => listed(db, FLAG, scope), [db, scope]);
  const windows = useLive(() => listed(db, "window", scope), [db, scope]);
  const now = useNow();
  if (!items || !windows) return null;
  const flags = items.map(flagOf).sort((a, b) => Number(b.isOpen) - Number(a.isOpen) || b.openedMs - a.openedMs);
  const shown = flags.find((one) => one.item.id === id);
  if (shown) return <OneFlag key={shown.item.id} flag={shown} windows={windows} now={now} />;
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
                <strong>{word("duty", flag.duty)}</strong>{" "}
                <small>{flag.isOpen && flag.dueMs ? `${momentText(flag.dueMs)} 到期` : `${momentText(flag.openedMs)} 开立`}</small>
              </span>
              <span class="aside">{word("flag_state", flag.state)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function OneFlag({ flag, windows, now }: { flag: Flag; windows: readonly Item[]; now: number }) {
  const { item } = flag;
  const isLate = flag.dueMs !== null && flag.dueMs < now;
  const rows: [string, string][] = [
    ["状态", word("flag_state", flag.state)],
    [isLate ? "已过期限" : "期限", flag.isOpen ? momentText(flag.dueMs) : ""],
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
      {flag.asked && <Words title="整改要求" said={flag.asked} />}
      {flag.reply && <Reply flag={flag} reply={flag.reply} />}
      {flag.isOpen && !flag.asked && <p class="muted">还没有下达整改要求, 或本机还没有收到。</p>}
      <Rechecks flag={flag} today={localDate(now)} />
      {item.body["previous"] ? (
        <p>
          <a class="button second" href={`#/flags?id=${String(item.body["previous"])}`}>
            再次发生: 查看前一标记
          </a>
        </p>
      ) : null}
      <Windows item={item} windows={windows} />
      <p class="muted">标记只供核查, 由{word("unit", String(item.body["unit"]))}办理。</p>
    </section>
  );
}

function Words({ title, said }: { title: string; said: Said }) {
  return (
    <section class="card said" aria-label={title}>
      <h2>
        {title} <small>{momentText(said.atMs)} {said.by}</small>
      </h2>
      <p class="words">{said.note}</p>
    </section>
  );
}

/** The company's words and its photos, as far as they have come. */
function Reply({ flag, reply }: { flag: Flag; reply: Said }) {
  const { db } = useSession();
  const photos = useLive(() => flagPhotos(db, flag.item.id), [db, flag.item.id], ["notes"]);
  const lacking = photos ? reply.media.filter((sha256) => !photos.has(sha256)).length : 0;
  return (
    <>
      <Words title="整改回复" said={reply} />
      <div class="photos replied">
        {photos && reply.media.map((sha256, i) => photos.has(sha256) && <Picture key={sha256} blob={photos.get(sha256)!} name={`回复照片 ${i + 1}`} />)}
      </div>
      {lacking > 0 && flag.isOpen && <p class="muted">还有 {lacking} 张照片, 联网后自动取来; 存满 30 MB 时先取期限近的。</p>}
    </>
  );
}

function Picture({ blob, name }: { blob: Blob; name: string }) {
  const url = useMemo(() => URL.createObjectURL(blob), [blob]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img src={url} alt={name} />;
}

/** What is written of this flag on the site: the forms about flags, with what became of each record. */
function Rechecks({ flag, today }: { flag: Flag; today: string }) {
  const { forms, site } = useSession();
  const offered = [...formsOn(forms, today).values()].filter((form) => isMeantFor(form, site, WRITER));
  return (
    <>
      {childForms(offered, FLAG).map((child) => (
        <OfForm key={child.form.code} child={child} flag={flag} />
      ))}
    </>
  );
}

function OfForm({ child: { form, field }, flag }: { child: ChildForm; flag: Flag }) {
  const { db } = useSession();
  const { id, scope } = flag.item;
  const all = useLive(() => listed(db, form.code, scope), [db, form.code, scope]);
  if (!all) return null;
  const records = all.filter(({ body }) => body[field.name] === id).sort((a, b) => b.timeMs - a.timeMs);
  const waiting = records.some((one) => isStanding(one) && one.state !== "synced");
  const decides = fieldOf(form, "seen") !== undefined;
  const isAsked = flag.isOpen && (!decides || flag.awaitsRecheck);
  if (!isAsked && records.length === 0) return decides && flag.isOpen ? <p class="muted">收到整改回复后, 可以在这里{form.title}。</p> : null;
  return (
    <section class="children" aria-label={form.title}>
      <h2 class="apart">{form.title}</h2>
      {records.length > 0 && <Records {...{ form, records, scope }} hasDays />}
      {decides && records.map((one) => <p key={one.id} class={flag.kept.get(one.id) ? "notice" : "muted"}>{effectText(one, flag)}</p>)}
      {decides && waiting && <p class="notice">已经写好, 联网后送到, 标记随后变化。</p>}
      {isAsked && !(decides && waiting) && (
        <a class="button wide" href={`#${logRoom(form.code)}?parent=${id}`}>
          {form.title}
        </a>
      )}
    </section>
  );
}

function effectText(record: Item, { kept }: Flag): string {
  const because = kept.get(record.id);
  if (because === undefined) return "";
  const when = momentText(record.timeMs);
  return because ? `${when} 写的已留存, 没有改变标记: ${because}。` : `${when} 写的已生效。`;
}

function Windows({ item, windows }: { item: Item; windows: readonly Item[] }) {
  const named = Array.isArray(item.body["windows"]) ? item.body["windows"].map(String) : [];
  const known = windows.filter((window) => named.includes(window.id)).sort((a, b) => dueMs(b) - dueMs(a));
  return (
    <>
      <h2 class="apart">涉及时段 {named.length > 0 && <small>{named.length} 个</small>}</h2>
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
    </>
  );
}

function dueMs(window: Item): number {
  return parseMs(window.body["due"]) ?? 0;
}

function momentText(ms: number | null): string {
  return ms ? `${localDate(ms).slice(5)} ${localTime(ms)}` : "";
}
