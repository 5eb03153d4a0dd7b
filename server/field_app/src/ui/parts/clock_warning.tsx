// A word about the tablet's own clock, when it may be wrong and no server is there to say so.

import { useEffect, useRef } from "preact/hooks";
import { localDate, localTime } from "../../protocol/time";
import { clockDoubt } from "../../sync/clock_doubt";
import { useLive, useNow, useSession } from "../session";

export function ClockWarning() {
  const { db } = useSession();
  const now = useNow();
  const times = useLive(async () => {
    const last = await db.outbox.orderBy("seq").last();
    const writtenMs = last?.state === "waiting" ? last.wallMs : 0; // later than the last exchange
    return { heardMs: await db.numberNote("heard_ms"), writtenMs };
  }, [db]);
  const since = useLookedAtSince(times?.heardMs);
  if (!times) return null;
  const [passedMs, ranMs] = [Date.now() - since.wallMs, performance.now() - since.ranMs];
  const doubt = clockDoubt(now, times.heardMs, times.writtenMs, passedMs, ranMs);
  if (!doubt) return null;
  const local = `${localDate(now).slice(5)} ${localTime(now)}`;
  const heard = `${localDate(times.heardMs).slice(5)} ${localTime(times.heardMs)}`;
  return (
    <p class="notice" role="status">
      {doubt === "new_day"
        ? `上次与服务器对时是 ${heard}, 现在本机是 ${local}。请核对日期是否正确。`
        : `本机时钟${doubt === "back" ? "倒退" : "跳动"}了: 现在显示 ${local}, 上次与服务器对时 ${heard}。请核对平板的日期和时间。`}
    </p>
  );
}

/** When wall clock and stopwatch were read together: at each exchange, and when the page comes back into sight, because
 * some stopwatches rest while the tablet sleeps. */
function useLookedAtSince(heardMs: number | undefined): { wallMs: number; ranMs: number } {
  const read = () => ({ wallMs: Date.now(), ranMs: performance.now() });
  const since = useRef(read());
  useEffect(() => void (since.current = read()), [heardMs]);
  useEffect(() => {
    const again = () => void (since.current = read());
    document.addEventListener("visibilitychange", again);
    return () => document.removeEventListener("visibilitychange", again);
  }, []);
  return since.current;
}
