// 同步: what is stored here, what the server has signed for, and what it refused and why.

import { useEffect, useState } from "preact/hooks";
import { localDate, localTime } from "../../protocol/time";
import type { FieldDatabase, OutboxRow, PhotoRow, ScopeRow } from "../../store/database";
import { allDrafts } from "../../store/drafts";
import { exportUnsent } from "../../store/export";
import { refusedUnseen } from "../../store/refused";
import { unsealLines } from "../../store/seal";
import { entryRow } from "../../store/view";
import { isExported, isNothing, type Unsent, unsent } from "../../store/unsent";
import { askToKeepStorage, forgetIdentity } from "../../sync/enrol";
import { Refused } from "../parts/refused";
import { type Names, namesOfRows, rowTitle } from "../parts/row_title";
import { FromOldTablet, Unfinished } from "../parts/unfinished";
import { since } from "../parts/sync_badge";
import { SyncProgress } from "../parts/sync_progress";
import { Language } from "../parts/language";
import { TextSize } from "../parts/text_size";
import { useLive, useNow, useSave, useSession } from "../session";
import { OUTCOMES, textOf } from "../texts";
import { EnrolForm } from "./enrol";

const SHOWN = 30;
const MB = 1024 * 1024;
const LOW_MB = 100; // some 300 photos

export function SyncScreen() {
  const { db, syncer, isBusy, notify } = useSession();
  const now = useNow();
  const read = useLive(() => readAll(db), [db]);
  if (!read) return null;
  const { identity, left, exported, waiting, refused, settled, settledCount, scopes, notes, names, photosRefused, drafts } = read;
  const carryAway = async () => {
    await exportUnsent(db);
    notify("已导出。请保存好文件, 交给管理员导入。", "good");
  };
  return (
    <section class="sync">
      <h1>同步</h1>
      {identity?.state === "revoked" && <Revoked left={left} isExported={exported} />}
      {notes.trouble === "unauthenticated" && <Unknown left={left} />}
      <div class="card counts">
        <p>
          <strong>{left.entries}</strong> 条未上传
        </p>
        <p>
          <strong>{settledCount}</strong> 条近期已由服务器签收
        </p>
        <p class={refused.length ? "bad" : ""}>
          <strong>{refused.length}</strong> 条被退回
        </p>
        <button class="main" disabled={isBusy} onClick={() => void syncer.now()}>
          {isBusy ? "正在同步…" : "立即同步"}
        </button>
        <SyncProgress left={left.entries} />
      </div>
      {notes.trouble && notes.trouble !== "unauthenticated" && <p class="notice">{textOf(notes.trouble)}</p>}
      {scopes.filter((scope) => scope.trouble).map((scope) => <p class="alert" key={scope.scope}>{textOf(scope.trouble)}</p>)}
      {refused.map((row) => (
        <Refused key={row.id} row={row} names={names} />
      ))}
      {photosRefused.map((photo) => (
        <RefusedPhoto key={`${photo.entry} ${photo.sha256}`} photo={photo} />
      ))}
      <Unfinished />
      <Entries title="未上传" rows={waiting} names={names} now={now} more={left.entries - waiting.length} />
      <Entries title="已签收" rows={settled} names={names} now={now} more={settledCount - settled.length} />
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
        <dd>{left.photos ? `${left.photos} 张保存在本机, 等待上传` : "没有等待上传的"}</dd>
        <dt>存储</dt>
        <dd>
          <Storage isKept={notes.kept} />
        </dd>
      </dl>
      <TextSize />
      <Language />
      <button class="quiet wide" disabled={isNothing(left) && drafts === 0} onClick={() => void carryAway()}>
        应急导出未上传的记录、照片和没写完的内容
      </button>
      {identity?.state === "enrolled" && <FromOldTablet />}
    </section>
  );
}

function Revoked({ left, isExported }: { left: Unsent; isExported: boolean }) {
  const { db } = useSession();
  const save = useSave();
  return (
    <div class="alert ask">
      <p>本设备已被停用, 不能再写入; 已下载的数据已清除。</p>
      {!isNothing(left) && <p>还有{leftText(left)}没有上传, 会继续尝试上传, 由管理人员审核。急需重新登记时, 请先应急导出。</p>}
      <button onClick={() => void save(() => forgetIdentity(db), "")}>
        {!isNothing(left) && isExported ? "导出的文件已存好, 清除并重新登记" : "重新登记"}
      </button>
    </div>
  );
}

/** The server was restored from a backup in which this tablet was not enrolled yet. */
function Unknown({ left }: { left: Unsent }) {
  return (
    <EnrolForm title="重新登记这台设备">
      <p class="alert" role="alert">
        {textOf("unauthenticated")}
        {!isNothing(left) && `还有${leftText(left)}没有上传。`}重新登记后, 本机保存的记录会以新设备的身份再次上传, 不会重复。
      </p>
    </EnrolForm>
  );
}

function leftText({ entries, photos }: Unsent): string {
  return [entries && ` ${entries} 条记录`, photos && ` ${photos} 张照片`].filter(Boolean).join("、");
}

function Storage({ isKept }: { isKept: boolean }) {
  const [room, setRoom] = useState({ used: 0, left: Infinity });
  useEffect(() => {
    const measure = ({ usage = 0, quota = Infinity }: StorageEstimate) => setRoom({ used: usage, left: quota - usage });
    void navigator.storage?.estimate?.().then(measure);
  }, []);
  return (
    <>
      {room.used > 0 && `已用 ${(room.used / MB).toFixed(1)} MB, 还可用 ${Math.round(room.left / MB)} MB `}
      {isKept ? "浏览器承诺保留" : <KeepStorage />}
      {room.left < LOW_MB * MB && <p class="wrong">存储空间不足 {LOW_MB} MB, 请尽快同步, 并清理平板的存储空间。</p>}
    </>
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

/** Its entry took effect without it; it says so wherever it shows. */
function RefusedPhoto({ photo }: { photo: PhotoRow }) {
  const { db, forms } = useSession();
  const of = useLive(async () => {
    const row = await entryRow(db, photo.entry);
    return row ? `${rowTitle(forms, row, await namesOfRows(db, [row]))} ${localTime(row.wallMs)}` : "";
  }, [db, photo.entry]);
  return (
    <article class="card refused">
      <h2>
        照片未被接受 <small>{of}</small>
      </h2>
      <p data-code={photo.code}>{textOf(photo.code)}</p>
      <button class="quiet" onClick={() => void db.photos.delete([photo.entry, photo.sha256])}>
        知道了
      </button>
    </article>
  );
}

interface EntriesProps {
  title: string;
  rows: readonly OutboxRow[];
  names: Names;
  now: number;
  more: number;
}

function Entries({ title: heading, rows, names, now, more }: EntriesProps) {
  const { sites, forms } = useSession();
  const siteOf = (row: OutboxRow) => String(sites.find((site) => site.scope === row.scope)?.body["name"] ?? "");
  if (rows.length === 0) return null;
  return (
    <details class="card" open={heading === "未上传"}>
      <summary>{heading}</summary>
      <ul class="entries">
        {rows.map((row) => (
          <li key={row.id}>
            <span>{rowTitle(forms, row, names)}</span>
            <small>
              {siteOf(row)} {localDate(row.wallMs) === localDate(now) ? "" : `${localDate(row.wallMs).slice(5)} `}
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
  const settled = () => db.outbox.where("state").equals("settled");
  const refusedCount = await db.outbox.where("[state+outcome+seen]").between(["settled", "refused", 0], ["settled", "refused", 1], true, true).count();
  const settledCount = (await settled().count()) - refusedCount;
  const last = settled().reverse().filter((row) => row.outcome !== "refused");
  const shown = await unsealLines(db, await last.limit(SHOWN).toArray());
  const refused = await unsealLines(db, await refusedUnseen(db).reverse().toArray());
  const waiting = await unsealLines(db, await db.outbox.where("state").equals("waiting").limit(SHOWN).toArray());
  return {
    identity: await db.identity.get("one"),
    left: await unsent(db),
    exported: await isExported(db),
    ...{ waiting, refused, settled: shown, settledCount },
    names: await namesOfRows(db, [...waiting, ...refused, ...shown]),
    scopes: await db.scopes.toArray(),
    drafts: (await allDrafts(db)).length,
    photosRefused: await db.photos.where("state").equals("refused").toArray(),
    notes: {
      pushedMs: await db.numberNote("pushed_ms"),
      pulledMs: await db.numberNote("pulled_ms"),
      trouble: String((await db.note("trouble")) ?? ""),
      kept: (await db.numberNote("storage_kept")) === 1,
    },
  };
}

function receiptText(scopes: readonly ScopeRow[]): string {
  const at = scopes.map((scope) => scope.receipt?.at ?? "").sort().at(-1);
  return at ? at.slice(0, 19).replace("T", " ") : "还没有";
}
