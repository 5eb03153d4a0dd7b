// What every screen needs: the database, the syncer, live queries, the site, and short messages to the user.

import Dexie from "dexie";
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Form } from "../domain/form";
import type { FieldDatabase } from "../store/database";
import { failureCode } from "../store/database";
import { setSeen } from "../store/refused";
import type { Item } from "../store/view";
import type { Syncer } from "../sync/syncer";
import { textOf } from "./texts";

export interface Session {
  db: FieldDatabase;
  syncer: Syncer;
  site: Item | null; // the one that is being worked at
  sites: readonly Item[];
  forms: readonly Form[]; // all versions that were published
  duties: readonly Item[]; // all versions
  chooseSite: (scope: string) => void;
  isBusy: boolean; // an exchange is running
  offsetMs: number; // how far this tablet's clock is behind the server's
  notify: (text: string, tone?: Tone) => void;
  fromLink: string; // an enrolment code that came with the address
}

export type Tone = "good" | "bad";

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("no session");
  return session;
}

/** The answer of a query, again whenever something was written, in this tab or in another; undefined until the first one,
 * which takes milliseconds, and after the inputs have changed: what belongs to another site must not be touched. (Dexie's own
 * live queries lose what is written while they run for the first time.) `tables`: the only ones that it reads. */
export function useLive<T>(query: () => Promise<T>, inputs: readonly unknown[], tables?: readonly string[]): T | undefined {
  const [answer, setAnswer] = useState<{ inputs: readonly unknown[]; found: T }>();
  useEffect(() => {
    let isOpen = true;
    let isRunning = false;
    let isStale = false;
    const ask = async () => {
      if (isRunning) return void (isStale = true);
      isRunning = true;
      try {
        do {
          isStale = false;
          const found = await query();
          if (isOpen) setAnswer({ inputs, found });
        } while (isStale && isOpen);
      } catch (error) {
        console.error("a query failed", error); // what was shown stays
      }
      isRunning = false;
    };
    const follow = (parts: object) => {
      const written = new Set(Object.keys(parts).map((part) => part.split("/")[3])); // idb://database/table/index
      if (!tables || tables.some((table) => written.has(table)) || written.has(undefined)) void ask();
    };
    Dexie.on.storagemutated.subscribe(follow);
    void ask();
    return () => {
      isOpen = false;
      Dexie.on.storagemutated.unsubscribe(follow);
    };
  }, inputs);
  return answer?.inputs.every((one, i) => Object.is(one, inputs[i])) ? answer.found : undefined;
}

/** Write something, say whether it is saved, and have it sent. `replaces`: the refused entry instead of which it is written.
 * Gives whether it is saved. */
export function useSave(): (write: () => Promise<unknown>, saved: string, replaces?: string | null) => Promise<boolean> {
  const { db, notify, syncer } = useSession();
  const isWriting = useRef(false);
  return async (write, saved, replaces = null) => {
    if (isWriting.current) return false; // a second touch of the same key
    isWriting.current = true;
    try {
      await write();
    } catch (error) {
      notify(textOf(failureCode(error)), "bad");
      return false;
    } finally {
      isWriting.current = false;
    }
    if (replaces) await setSeen(db, replaces).catch(() => undefined); // what is saved is saved: the refusal shows once more
    if (saved) notify(saved, "good");
    syncer.soon();
    return true;
  };
}

/** The time as it goes on, corrected by what the server said last: a day's round must not hang on a wrong clock. */
export function useNow(everyMs = 15_000): number {
  const { offsetMs } = useSession();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now + offsetMs;
}
