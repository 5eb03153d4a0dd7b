// The frame: the user, the site, the navigation bar, and short messages to the user.

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Form, parentOf } from "../domain/form";
import { CASE } from "../domain/code_kinds";
import { FLAG } from "../domain/flags";
import { inForce } from "../domain/dated";
import { localDate } from "../protocol/time";
import { REFERENCE, type Reference, takeReference } from "../reference";
import type { FieldDatabase } from "../store/database";
import { formsOn, isMeantFor, publishedForms, WRITER } from "../store/forms";
import { type Item, listed, listedTogether } from "../store/view";
import { Exchange } from "../sync/exchange";
import { Syncer } from "../sync/syncer";
import { logAt, logRoom } from "./forms";
import { Icon } from "./parts/icon";
import { Later } from "./parts/later";
import { ReasonOfCopy } from "./parts/reason";
import { useAim } from "./parts/still";
import { SyncBadge } from "./parts/sync_badge";
import { type Route, useRoute } from "./route";
import { Today } from "./screens/today";
import { type Session, SessionContext, type Tone, useLive } from "./session";
import { useTablet } from "./tablet";
import { useUpdate } from "./updates";

type Room = readonly [path: string, name: string, icon: string];

const FIRST_ROOMS: Room[] = [
  ["/today", "今日", "today"],
  ["/temperature", "测温", "temperature"],
];
const PEOPLE_ROOMS: Room[] = [
  ["/roster", "名册", "roster"],
  ["/gate", "门岗", "gate"],
];
const OWN_ROOMS: Room[] = [
  ["/mine", "我做的", "record"],
  ["/flags", "标记", "flag"],
  ["/cases", "个案", CASE],
  ["/people", "换人", "roster"],
];
const REFERENCE_ROOM: Room = ["/reference", "资料", "record"];
const SYNC: Room = ["/sync", "同步", "sync"];
const MORE: Room = ["/more", "更多", "more"]; // stands for the further rooms where the bar is short
const FURTHER_MOST = 12; // in the bar at the side; where there are more, a page of them all is quicker than to roll the bar
const TOAST_MS = 3_000;
const TOUCHES = ["pointerdown", "keydown"];

export function App({ db, fromLink }: { db: FieldDatabase; fromLink: string }) {
  const exchange = useMemo(() => new Exchange(db), [db]);
  const [isBusy, setBusy] = useState(false);
  const syncer = useMemo(() => new Syncer(exchange, setBusy), [exchange]);
  const [picked, setPicked] = useState("");
  const { isOpen, isPinDue } = useTablet();
  const [isPinLater, setPinLater] = useState(false);
  const [toast, notify] = useToast();
  const route = useRoute();
  const update = useUpdate(db);
  const identity = useLive(async () => (await db.identity.get("one")) ?? null, [db], ["identity"]);
  const sites = useLive(async () => inOrder(await listed(db, "site", "")), [db], ["scopes", "records", "outbox"]);
  const chosen = useLive(async () => String((await db.note("site")) ?? ""), [db], ["notes"]);
  const offsetMs = useLive(() => db.numberNote("server_offset_ms"), [db], ["notes"]);
  const read = useLive(() => readForms(db), [db], ["records"]);
  useEffect(() => syncer.start(), [syncer]);
  const site = sites?.find((one) => one.scope === (picked || chosen)) ?? sites?.[0] ?? null;
  const today = localDate(Date.now() + (offsetMs ?? 0));
  const rooms = useMemo(() => read && roomsOf(read.forms, read.duties, site, today), [read, site, today]);
  if (!isOpen) return null; // behind the lock screen the exchange goes on
  if (!read || !rooms || identity === undefined || sites === undefined || chosen === undefined || offsetMs === undefined) return null;
  // At once, and away from what belongs to the other site: else the next touch would mean somebody who is not there.
  const chooseSite = (scope: string) => {
    if (scope === site?.scope) return;
    setPicked(scope);
    if (route.query.size > 0) location.replace(`#${logAt(route.path) ? route.path : `/${route.path.split("/")[1]}`}`);
    void db.setNote("site", scope);
  };
  const session: Session = { db, syncer, site, sites, forms: read.forms, duties: read.duties, chooseSite, isBusy, offsetMs, notify, fromLink };
  const isIn = identity !== null && identity.state !== "enrolling";
  const lacksPin = identity?.state === "enrolled" && isPinDue && !db.hasPin && !isPinLater;
  return (
    <SessionContext.Provider value={session}>
      {lacksPin && <main class="enrol"><Later load={firstPin} with={{ onLater: () => setPinLater(true) }} /></main>}
      {!lacksPin && (isIn ? <Rooms rooms={rooms} route={route} isRevoked={identity.state === "revoked"} /> : <Later load={enrol} with={{}} />)}
      {update && (
        <div class="update" role="status">
          <span>{update.text}</span>
          <button onClick={update.take}>更新</button>
        </div>
      )}
      <div class={toast ? `toast ${toast.tone}` : "toast"} role="status" aria-live="polite">
        {toast?.text}
      </div>
    </SessionContext.Provider>
  );
}

interface AllRooms {
  bar: Room[];
  further: Room[];
}

/** What scope `ref` brought: forms and duties; numbers and words go to where they are looked up (reference.ts). */
async function readForms(db: FieldDatabase): Promise<{ forms: Form[]; duties: Item[] }> {
  const [forms, lists] = await Promise.all([publishedForms(db), listedTogether(db, "ref", REFERENCE.map((kind) => ({ kind })))]);
  takeReference(Object.fromEntries(REFERENCE.map((kind, i) => [kind, lists[i]!.map(({ body }) => body)])) as unknown as Reference);
  return { forms, duties: lists[0]! };
}

/** Of the forms, one that a duty asks for is in the bar, the first of them; the others are further rooms, but for those that
 * belong to records of another: they are begun there. */
function roomsOf(forms: readonly Form[], duties: readonly Item[], site: Item | null, today: string): AllRooms {
  const offered = [...formsOn(forms, today).values()].filter((form) => isMeantFor(form, site, WRITER));
  const asked = new Set(duties.map(({ body }) => inForce(duties, String(body["code"]), today)?.body["kind"]));
  const codes = new Set(offered.map(({ code }) => code));
  const standsAlone = (form: Form) => !asked.has(form.code) && ![...codes, FLAG].includes(parentOf(form) ?? "");
  const byNeed = [...offered.filter(({ code }) => asked.has(code)), ...offered.filter(standsAlone)];
  const [first, ...others] = byNeed.map(({ code, title, icon = "record" }): Room => [logRoom(code), title, icon]);
  return { bar: [...FIRST_ROOMS, ...(first ? [first] : []), ...PEOPLE_ROOMS], further: [...OWN_ROOMS, ...others, REFERENCE_ROOM, SYNC] };
}

function Rooms({ rooms, route, isRevoked }: { rooms: AllRooms; route: Route; isRevoked: boolean }) {
  const shown = isRevoked ? "/sync" : route.path;
  const main = useRef<HTMLElement>(null);
  const copy = isRevoked ? null : route.query.get("copy");
  useAim(main);
  const isFurther = rooms.further.some(([path]) => shown.startsWith(path));
  const further = rooms.further.filter((room, i) => i < FURTHER_MOST || [REFERENCE_ROOM, SYNC].includes(room) || shown.startsWith(room[0]));
  return (
    <div class="frame">
      <nav class="rooms" aria-label="栏目">
        {rooms.bar.map((room) => (
          <RoomLink key={room[0]} room={room} shown={shown} />
        ))}
        {further.map((room) => (
          <RoomLink key={room[0]} room={room} shown={shown} more="further" />
        ))}
        <RoomLink room={MORE} shown={isFurther ? MORE[0] : shown} more={further.length < rooms.further.length ? undefined : "more"} />
      </nav>
      <main ref={main}>
        <SyncBadge />
        {copy && <ReasonOfCopy entry={copy} />}
        <Screen path={shown} query={route.query} further={rooms.further} />
      </main>
    </div>
  );
}

function RoomLink({ room: [path, name, icon], shown, more }: { room: Room; shown: string; more?: string | undefined }) {
  return (
    <a class={more} href={`#${path}`} aria-current={shown.startsWith(path) ? "page" : undefined}>
      <Icon name={icon} />
      {name}
    </a>
  );
}

function Screen({ path, query, further }: Route & { further: Room[] }) {
  switch (path) {
    case "/temperature":
      return <Later key={path} load={temperature} with={{ chosen: query.get("worker"), asked: query.get("slot"), copy: query.get("copy") }} />;
    case "/temperature/lane":
      return <Later key={path} load={lane} with={asked(query, "by", "of", "slot")} />;
    case "/roster":
      return <Later key={path} load={roster} with={{}} />;
    case "/roster/worker":
      return <Later key={query.toString()} load={workerForm} with={asked(query, "id", "copy")} />;
    case "/gate":
      return <Later key={path} load={gate} with={{ chosen: query.get("worker"), copy: query.get("copy") }} />;
    case "/flags":
      return <Later key={path} load={flags} with={asked(query, "id")} />;
    case "/cases":
      return <Later key={path} load={cases} with={{}} />;
    case "/cases/new":
      return <Later key={path} load={newCase} with={{}} />;
    case "/cases/case":
      return <Later key={path} load={caseScreen} with={asked(query, "id", "worker", "cause", "code", "copy")} />;
    case "/mine":
      return <Later key={path} load={mine} with={{}} />;
    case "/mine/amend":
      return <Later key={path} load={amend} with={asked(query, "id")} />;
    case "/more":
      return <Later key={path} load={more} with={{ rooms: further }} />;
    case "/people":
      return <Later key={path} load={people} with={{}} />;
    case "/reference":
      return <Later key={path} load={reference} with={{}} />;
    case "/sync":
      return <Later key={path} load={syncScreen} with={{}} />;
    default:
      return logAt(path) ? <Later key={path} load={formScreen} with={{ kind: logAt(path), ...asked(query, "place", "slot", "of", "copy", "parent", "record", "worker") }} /> : <Today />;
  }
}

// Only what the first screen shows is loaded with it.
const amend = async () => (await import("./screens/amend")).Amend;
const caseScreen = async () => (await import("./screens/case")).CaseScreen;
const cases = async () => (await import("./screens/cases")).Cases;
const enrol = async () => (await import("./screens/enrol")).Enrol;
const flags = async () => (await import("./screens/flags")).Flags;
const formScreen = async () => (await import("./form/form_screen")).FormScreen;
const gate = async () => (await import("./screens/gate")).Gate;
const lane = async () => (await import("./screens/lane")).LaneScreen;
const mine = async () => (await import("./screens/mine")).Mine;
const more = async () => (await import("./screens/more")).More;
const newCase = async () => (await import("./screens/cases")).NewCaseOf;
const firstPin = async () => (await import("./screens/people")).FirstPin;
const people = async () => (await import("./screens/people")).People;
const reference = async () => (await import("./screens/reference")).Reference;
const roster = async () => (await import("./screens/roster")).Roster;
const syncScreen = async () => (await import("./screens/sync")).SyncScreen;
const temperature = async () => (await import("./screens/temperature")).Temperature;
const workerForm = async () => (await import("./screens/worker_form")).WorkerForm;

function asked<Name extends string>(query: URLSearchParams, ...names: Name[]): Record<Name, string | null> {
  return Object.fromEntries(names.map((name) => [name, query.get(name)])) as Record<Name, string | null>;
}

function useToast(): [{ text: string; tone: Tone } | null, (text: string, tone?: Tone) => void] {
  const [toast, setToast] = useState<{ text: string; tone: Tone } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const notify = useCallback((text: string, tone: Tone = "good") => {
    clearTimeout(timer.current);
    setToast({ text, tone });
    timer.current = setTimeout(() => setToast(null), tone === "bad" ? 3 * TOAST_MS : TOAST_MS);
  }, []);
  // What was said of one thing must not be read as said of the next one that a hand turns to. What failed stays.
  useEffect(() => {
    const forget = () => setToast((now) => (now?.tone === "good" ? null : now));
    for (const event of TOUCHES) addEventListener(event, forget, true);
    return () => TOUCHES.forEach((event) => removeEventListener(event, forget, true));
  }, []);
  return [toast, notify];
}

function inOrder(sites: Item[]): Item[] {
  return sites.sort((a, b) => String(a.body["name"]).localeCompare(String(b.body["name"]), "zh-CN"));
}
