// The frame: who we are, where we are, the bar of rooms, and a word to the person.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { FieldDatabase } from "../store/database";
import { type Item, listed } from "../store/view";
import { Exchange } from "../sync/exchange";
import { Syncer } from "../sync/syncer";
import { Icon, type IconName } from "./parts/icon";
import { SyncBadge } from "./parts/sync_badge";
import { type Route, useRoute } from "./route";
import { Disinfect } from "./screens/disinfect";
import { Enrol } from "./screens/enrol";
import { Gate } from "./screens/gate";
import { Roster } from "./screens/roster";
import { SyncScreen } from "./screens/sync";
import { Temperature } from "./screens/temperature";
import { Today } from "./screens/today";
import { WorkerForm } from "./screens/worker_form";
import { type Session, SessionContext, type Tone, useLive } from "./session";
import { useUpdate } from "./updates";

const ROOMS: [string, string, IconName][] = [
  ["/today", "今日", "today"],
  ["/temperature", "测温", "temperature"],
  ["/disinfect", "消毒", "disinfect"],
  ["/roster", "名册", "roster"],
  ["/gate", "门岗", "gate"],
  ["/sync", "同步", "sync"],
];
const TOLD_MS = 3_000;

export function App({ db, fromLink }: { db: FieldDatabase; fromLink: string }) {
  const exchange = useMemo(() => new Exchange(db), [db]);
  const [isBusy, setBusy] = useState(false);
  const syncer = useMemo(() => new Syncer(exchange, setBusy), [exchange]);
  const [told, tell] = useTelling();
  const route = useRoute();
  const update = useUpdate();
  const identity = useLive(async () => (await db.identity.get("one")) ?? null, [db]);
  const sites = useLive(async () => inOrder(await listed(db, "site", "")), [db]);
  const chosen = useLive(async () => String((await db.note("site")) ?? ""), [db]);
  const offsetMs = useLive(() => db.numberNote("server_offset_ms"), [db]);
  useEffect(() => syncer.start(), [syncer]);
  if (identity === undefined || sites === undefined || chosen === undefined || offsetMs === undefined) return null;
  const site = sites.find((one) => one.scope === chosen) ?? sites[0] ?? null;
  const chooseSite = (scope: string) => void db.setNote("site", scope);
  const session: Session = { db, syncer, site, sites, chooseSite, isBusy, offsetMs, tell, fromLink };
  const isIn = identity !== null && identity.state !== "enrolling";
  return (
    <SessionContext.Provider value={session}>
      {isIn ? <Rooms route={route} isRevoked={identity.state === "revoked"} /> : <Enrol exchange={exchange} />}
      {update && (
        <div class="update" role="status">
          <span>应用有新版本, 未上传的记录不受影响。</span>
          <button onClick={update}>更新</button>
        </div>
      )}
      <div class={told ? `told ${told.tone}` : "told"} role="status" aria-live="polite">
        {told?.text}
      </div>
    </SessionContext.Provider>
  );
}

function Rooms({ route, isRevoked }: { route: Route; isRevoked: boolean }) {
  const shown = isRevoked ? "/sync" : route.path;
  return (
    <div class="frame">
      <nav class="rooms" aria-label="栏目">
        {ROOMS.map(([path, name, icon]) => (
          <a key={path} href={`#${path}`} aria-current={shown.startsWith(path) ? "page" : undefined}>
            <Icon name={icon} />
            {name}
          </a>
        ))}
      </nav>
      <main>
        <SyncBadge />
        <Screen path={shown} query={route.query} />
      </main>
    </div>
  );
}

function Screen({ path, query }: Route) {
  switch (path) {
    case "/temperature":
      return <Temperature chosen={query.get("worker")} asked={query.get("slot")} copy={query.get("copy")} />;
    case "/disinfect":
      return <Disinfect place={query.get("place")} copy={query.get("copy")} />;
    case "/roster":
      return <Roster />;
    case "/roster/worker":
      return <WorkerForm key={query.toString()} id={query.get("id")} copy={query.get("copy")} />;
    case "/gate":
      return <Gate chosen={query.get("worker")} copy={query.get("copy")} />;
    case "/sync":
      return <SyncScreen />;
    default:
      return <Today />;
  }
}

function useTelling(): [{ text: string; tone: Tone } | null, (text: string, tone?: Tone) => void] {
  const [told, setTold] = useState<{ text: string; tone: Tone } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const tell = useCallback((text: string, tone: Tone = "good") => {
    clearTimeout(timer.current);
    setTold({ text, tone });
    timer.current = setTimeout(() => setTold(null), tone === "bad" ? 3 * TOLD_MS : TOLD_MS);
  }, []);
  return [told, tell];
}

function inOrder(sites: Item[]): Item[] {
  return sites.sort((a, b) => String(a.body["name"]).localeCompare(String(b.body["name"]), "zh-CN"));
}
