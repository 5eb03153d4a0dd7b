// The outermost frame: whose turn it is. It shows that person's app, or the lock screen.

import { useEffect, useState } from "preact/hooks";
import { rule } from "../contracts";
import type { FieldDatabase } from "../store/database";
import { personOf, PIN_ASKED, SEALED } from "../store/pin";
import { lastOf, nextDatabase, noteLast, peopleHere, type Person } from "../store/people";
import { Exchange } from "../sync/exchange";
import { Syncer } from "../sync/syncer";
import { App } from "./app";
import { Later } from "./parts/later";
import { type Tablet, TabletContext } from "./tablet";

const LOOK_MS = 5_000;
const TOUCHES = ["pointerdown", "keydown", "wheel"];
const HOUR_MS = 3600_000;
const lockScreen = async () => (await import("./screens/lock")).Lock;

export function SharedTablet({ fromLink }: { fromLink: string }) {
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [current, setCurrent] = useState<FieldDatabase | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [isOverdue, setOverdue] = useState(false);
  useEffect(() => {
    void peopleHere().then(async (found) => {
      const { db } = lastOf(found);
      setOverdue(await isPinOverdue(db));
      setPeople(found);
      setCurrent(db);
      setOpen(!db.isLocked);
    });
  }, []);
  useIdle(isOpen ? current : null, () => setOpen(false));
  useEffect(() => {
    // Another tab of this browser set a PIN: what this one would still write were in the open.
    const follow = ({ key }: StorageEvent) => key === SEALED && location.reload();
    addEventListener("storage", follow);
    return () => removeEventListener("storage", follow);
  }, []);
  // Whoever does not work with the tablet now may have something to send, and is not to be taken for lost.
  const resting = people.filter(({ db }) => db !== current || db.isLocked).map(({ db }) => db);
  useEffect(() => {
    const ends = resting.map((db) => new Syncer(new Exchange(db)).start());
    return () => ends.forEach((end) => end());
  }, [resting.map(({ name }) => name).join()]);
  if (!current) return null;
  const show = (db: FieldDatabase) => {
    noteLast(db);
    if (db !== current) location.hash = "#/today"; // where the other one was is none of this person's records
    setCurrent(db);
    setOpen(true);
  };
  const tablet: Tablet = {
    ...{ people, isOpen, isPinDue: isOverdue || people.length > 1 },
    name: people.find(({ db }) => db === current)?.name ?? "",
    lock: (next = current) => {
      setCurrent(next);
      setOpen(!next.hasPin);
    },
    open: show,
    add: () => {
      const db = nextDatabase(people);
      setPeople([...people, { db, name: "" }]);
      show(db);
    },
    refresh: async () => {
      setPeople(await Promise.all(people.map(async ({ db }) => ({ db, name: await personOf(db) }))));
    },
  };
  return (
    <TabletContext.Provider value={tablet}>
      {!isOpen && <Later load={lockScreen} with={{ current, onOpen: show }} />}
      {!current.isLocked && <App key={current.name} db={current} fromLink={fromLink} />}
    </TabletContext.Provider>
  );
}

/** Whether the time in which a PIN has to be set is over. It begins with the enrolment; on tablets that were enrolled before there
 * were PINs, with the first start since. Without a network none can be set, and the day's work does not wait for it. */
async function isPinOverdue(db: FieldDatabase): Promise<boolean> {
  if ((await db.identity.get("one"))?.state !== "enrolled") return false;
  const sinceMs = await db.numberNote(PIN_ASKED);
  if (!sinceMs) await db.setNote(PIN_ASKED, Date.now());
  return !db.hasPin && sinceMs > 0 && navigator.onLine !== false && Date.now() - sinceMs > rule("pin_within_h").value * HOUR_MS;
}

/** Locks after a while without a touch, and at once when it comes back from longer sleep. */
function useIdle(db: FieldDatabase | null, lock: () => void): void {
  useEffect(() => {
    if (!db) return;
    let lastMs = Date.now();
    const touch = () => void (lastMs = Date.now());
    const look = () => db.hasPin && Date.now() - lastMs > rule("lock_after_min").value * 60_000 && lock();
    for (const event of TOUCHES) addEventListener(event, touch, { capture: true, passive: true });
    document.addEventListener("visibilitychange", look);
    const timer = setInterval(look, LOOK_MS);
    return () => {
      for (const event of TOUCHES) removeEventListener(event, touch, true);
      document.removeEventListener("visibilitychange", look);
      clearInterval(timer);
    };
  }, [db]);
}
