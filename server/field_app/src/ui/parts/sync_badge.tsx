// At the head of every screen: where we are, and whether what was written here has reached the server.

import { refusedUnseen } from "../../store/refused";
import { unsent } from "../../store/unsent";
import { useLive, useNow, useSession } from "../session";
import { ClockWarning } from "./clock_warning";
import { ReminderBadge } from "./reminder";
import { localDate, localTime } from "../../protocol/time";

export function SyncBadge() {
  const { db, site, sites, chooseSite, isBusy } = useSession();
  const now = useNow();
  const counts = useLive(async () => {
    return { ...(await unsent(db)), refused: await refusedUnseen(db).count(), pulledMs: await db.numberNote("pulled_ms"), trouble: await db.note("trouble") };
  }, [db]);
  if (!counts) return <header class="head" />;
  const isLate = counts.trouble !== undefined && counts.trouble !== "";
  const isWaiting = counts.entries + counts.photos > 0;
  return (
    <>
      <header class="head">
        <label class="site">
          <span class="unseen">地点</span>
          <select value={site?.scope ?? ""} onChange={(event) => chooseSite(event.currentTarget.value)}>
            {sites.length === 0 && <option value="">还没有地点</option>}
            {sites.map((one) => (
              <option key={one.scope} value={one.scope}>
                {String(one.body["name"])}
              </option>
            ))}
          </select>
        </label>
        <ReminderBadge />
        <a class={`badge ${counts.refused ? "bad" : isWaiting || isLate ? "warn" : "good"}`} href="#/sync">
          {counts.refused > 0 && <span>退回 {counts.refused} 条</span>}
          {counts.entries > 0 && <span>未上传 {counts.entries} 条</span>}
          {counts.photos > 0 && <span>照片未上传 {counts.photos} 张</span>}
          {!isWaiting && <span>全部已上传</span>}
          <small>{isBusy ? "正在同步" : `同步于 ${since(counts.pulledMs, now)}`}</small>
        </a>
      </header>
      <ClockWarning />
    </>
  );
}

/** `刚刚`, `12 分钟前`, `08:10`, `11-23 08:10`. */
export function since(ms: number, now: number): string {
  if (!ms) return "从未";
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 1) return "刚刚";
  if (minutes < 60) return `${minutes} 分钟前`;
  return localDate(ms) === localDate(now) ? localTime(ms) : `${localDate(ms).slice(5)} ${localTime(ms)}`;
}
