// 同步: what lies here, what the server has signed for, and what it refused and why.

import { useEffect, useState } from "preact/hooks";
import { contracts } from "../../contracts";
import { localDate, localTime } from "../../protocol/time";
import type { FieldDatabase, MediaRow, OutboxRow, ScopeRow } from "../../store/database";
import { exportUnsent } from "../../store/export";
import { entryOf } from "../../store/view";
import { askToKeepStorage, forgetIdentity } from "../../sync/enrol";
import { since } from "../parts/sync_badge";
import { go } from "../route";
import { useLive, useNow, useSave, useSession } from "../session";
import { OUTCOMES, refusalText, textOf } from "../texts";

const SHOWN = 30;
const MEND: Record<string, (row: OutboxRow) => string> = {
  worker: (row) => `/roster/worker?copy=${row.id}${row.act === "edit" ? `&id=${row.record}` : ""}`,
  temperature_check: (row) => `/temperature?worker=${workerOf(row)}&slot=${String(entryOf(row).body["slot"])}&copy=${row.id}`,
  disinfection_log: (row) => `/disinfect?copy=${row.id}`,
  gate_pass: (row) => `/gate?worker=${workerOf(row)}&copy=${row.id}`,
  case: (row) => `/cases/case?${row.act === "edit" ? `id=${row.record}` : `worker=${workerOf(row)}&copy=${row.id}`}`,
  inspection_finding: (row) => `/round/finding?copy=${row.id}`,
  supply_movement: (row) => `/supplies?copy=${row.id}`,
};

function workerOf(row: OutboxRow): string {
  return String(entryOf(row).body["worker"]);
}

export function SyncScreen() {
  const { db, syncer, isBusy } = useSession();
  const now = useNow();
  const read = useLive(() => readAll(db), [db]);
  const usedBytes = useUsedBytes();
  if (!read) return null;
  const { identity, waiting, waitingCount, refused, settled, scopes, notes, photosWaiting, photosRefused } = read;
  return (
    <section class="sync">
      <h1>同步</h1>
      {identity?.state === "revoked" && <Revoked waiting={waitingCount} />}
      <div class="card counts">
        <p>
          <strong>{waitingCount}</strong> 条未上传
        </p>
        <p>
          <strong>{settled.length}</strong> 条近期已由服务器签收
        </p>
        <p class={refused.length ? "bad" : ""}>
          <strong>{refused.length}</strong> 条被退回
        </p>
        <button class="main" disabled={isBusy} onClick={() => void syncer.now()}>
          {isBusy ? "正在同步…" : "立即同步"}
        </button>
      </div>
      {notes.trouble && <p class="notice">{textOf(notes.trouble)}</p>}
      {scopes.filter((scope) => scope.trouble).map((scope) => <p class="alert" key={scope.scope}>{textOf(scope.trouble)}</p>)}
      {refused.map((row) => (
        <Refused key={row.id} row={row} />
      ))}
      {photosRefused.map((photo) => (
        <RefusedPhoto key={photo.sha256} photo={photo} />
      ))}
      <Entries title="未上传" rows={waiting} now={now} more={waitingCount - waiting.length} />
      <Entries title="已签收" rows={settled.slice(0, SHOWN)} now={now} more={settled.length - SHOWN} />
      <dl class="card facts">
        <dt>设备</dt>
        <dd>
          {identity?.name} <small>{identity?.device}</small>
        </dd>
        <dt>上传于</dt>
        <dd>{since(notes.pushedMs, now)}</dd>
        <dt>更新于</dt>
        <dd>{since(notes.pulledMs, now)}</dd>
        <dt>最近回执</dt>
        <dd>{receiptText(scopes)}</dd>
        <dt>照片</dt>
        <dd>{photosWaiting ? `${photosWaiting} 张保存在本机, 等待上传` : "没有等待上传的"}</dd>
        <dt>存储</dt>
        <dd>
          {usedBytes > 0 && `已用 ${(usedBytes / 1024 / 1024).toFixed(1)} MB `}{notes.kept ? "浏览器承诺保留" : <KeepStorage />}
        </dd>
      </dl>
      <button class="quiet wide" disabled={waitingCount === 0} onClick={() => void exportUnsent(db)}>
        应急导出未上传的记录
      </button>
    </section>
  );
}

function Revoked({ waiting }: { waiting: number }) {
  const { db } = useSession();
  const save = useSave();
  return (
    <div class="alert ask">
      <p>本设备已被停用, 不能再写入; 已下载的数据已清除。{waiting > 0 && ` 还有 ${waiting} 条记录没有上传, 请先导出。`}</p>
      <button onClick={() => void save(() => forgetIdentity(db), "")}>重新登记</button>
    </div>
  );
}

function KeepStorage() {
  const { db } = useSession();
  return (
    <button class="quiet small" onClick={() => void askToKeepStorage(db)}>
      请求浏览器保留数据
    </button>
  );
}

/** A refused entry stays what it is; mending makes a new one. */
function Refused({ row }: { row: OutboxRow }) {
  const { db } = useSession();
  const messages = Object.entries(row.errors).flatMap(([pointer, texts]) => texts.map((text) => `${fieldTitle(row, pointer)}${text}`));
  const setSeen = () => db.outbox.update(row.seq!, { seen: 1 });
  const drop = () =>
    db.transaction("rw", db.outbox, db.media, async () => {
      await setSeen();
      await db.media.where("entry").equals(row.id).delete();
    });
  const mend = async () => {
    await setSeen();
    go(MEND[row.kind]?.(row) ?? "/today");
  };
  return (
    <article class="card refused">
      <h2>
        退回: {title(row)} <small>{localTime(row.wallMs)}</small>
      </h2>
      <p>
        {refusalText(row.code)} <code>{row.code}</code>
      </p>
      {messages.map((message) => (
        <p class="wrong" key={message}>
          {message}
        </p>
      ))}
      <div class="keys">
        {row.line.length > 0 && (
          <button class="main" onClick={() => void mend()}>
            改正后重新填写
          </button>
        )}
        <button class="quiet" onClick={() => void drop()}>
          知道了
        </button>
      </div>
    </article>
  );
}

/** Its entry took effect without it; it says so wherever it shows. */
function RefusedPhoto({ photo }: { photo: MediaRow }) {
  const { db } = useSession();
  const row = useLive(async () => (await db.outbox.where("id").equals(photo.entry).first()) ?? null, [db, photo.entry]);
  return (
    <article class="card refused">
      <h2>
        照片未被接受 {row && <small>{`${title(row)} ${localTime(row.wallMs)}`}</small>}
      </h2>
      <p>
        {textOf(photo.code)} <code>{photo.code}</code>
      </p>
      <button class="quiet" onClick={() => void db.media.delete(photo.sha256)}>
        知道了
      </button>
    </article>
  );
}

function Entries({ title: heading, rows, now, more }: { title: string; rows: readonly OutboxRow[]; now: number; more: number }) {
  if (rows.length === 0) return null;
  return (
    <details class="card" open={heading === "未上传"}>
      <summary>{heading}</summary>
      <ul class="entries">
        {rows.map((row) => (
          <li key={row.id}>
            <span>{title(row)}</span>
            <small>
              {localDate(row.wallMs) === localDate(now) ? "" : `${localDate(row.wallMs).slice(5)} `}
              {localTime(row.wallMs)} · {row.state === "waiting" ? "未上传" : (OUTCOMES[row.outcome] ?? row.outcome)}
            </small>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="muted">另有 {more} 条</p>}
    </details>
  );
}

async function readAll(db: FieldDatabase) {
  const settled = await db.outbox.where("state").equals("settled").reverse().sortBy("seq");
  const waiting = db.outbox.where("state").equals("waiting");
  return {
    identity: await db.identity.get("one"),
    waitingCount: await waiting.count(),
    waiting: await waiting.limit(SHOWN).toArray(),
    refused: settled.filter((row) => row.outcome === "refused" && !row.seen),
    settled: settled.filter((row) => row.outcome !== "refused"),
    scopes: await db.scopes.toArray(),
    photosWaiting: await db.media.where("state").equals("waiting").count(),
    photosRefused: await db.media.where("state").equals("refused").toArray(),
    notes: {
      pushedMs: await db.numberNote("pushed_ms"),
      pulledMs: await db.numberNote("pulled_ms"),
      trouble: String((await db.note("trouble")) ?? ""),
      kept: (await db.numberNote("storage_kept")) === 1,
    },
  };
}

function title(row: OutboxRow): string {
  const acts: Record<string, string> = { add: "", edit: "修改", amend: "更正", void: "作废" };
  const body = entryOf(row).body;
  const shown = body["name"] ?? (body["celsius"] !== undefined ? `${Number(body["celsius"]).toFixed(1)} ℃` : body["place_name"]);
  return [acts[row.act], contracts.kinds[row.kind]?.title ?? row.kind, shown].filter(Boolean).join(" ");
}

function fieldTitle(row: OutboxRow, pointer: string): string {
  const field = contracts.kinds[row.kind]?.fields[pointer.replace("/body/", "")];
  return field ? `${field.title}: ` : "";
}

function receiptText(scopes: readonly ScopeRow[]): string {
  const at = scopes.map((scope) => scope.receipt?.at ?? "").sort().at(-1);
  return at ? at.slice(0, 19).replace("T", " ") : "还没有";
}

function useUsedBytes(): number {
  const [bytes, setBytes] = useState(0);
  useEffect(() => void navigator.storage?.estimate?.().then(({ usage }) => setBytes(usage ?? 0)), []);
  return bytes;
}
