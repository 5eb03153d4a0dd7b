// What a form holds while it is filled in. It is kept in the tablet, so that leaving the form loses nothing.

import { useEffect, useRef, useState } from "preact/hooks";
import { uuid7 } from "../protocol/ids";
import { draft, dropDraft, keepDraft } from "../store/drafts";
import { useSession } from "./session";

const KEEP_AFTER_MS = 400; // of quiet: not with every key

export interface Draft<T> {
  id: string; // of the entry that it will be: so nothing is written twice, though the app dies between writing and forgetting
  value: T;
  set: (changes: Partial<T>) => void;
  drop: () => Promise<void>;
}

interface Kept<T> {
  id: string;
  value: T;
}

/** The form named `name`, as it was left, or `fresh`; null for the milliseconds until that is known. */
export function useDraft<T extends object>(name: string, fresh: () => T | Promise<T>): Draft<T> | null {
  const { db } = useSession();
  const [kept, setKept] = useState<Kept<T> | null>(null);
  const last = useRef<Kept<T> | null>(null); // what state will be, whichever event comes first
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const keep = () => {
    if (timer.current === undefined || !last.current) return;
    clearTimeout(timer.current);
    timer.current = undefined;
    void keepDraft(db, name, last.current);
  };
  useEffect(() => {
    const load = async () => {
      const left = await draft<Kept<T>>(db, name);
      const isWritten = left && (await db.outbox.where("id").equals(left.id).count()) > 0;
      last.current = left && !isWritten ? left : { id: uuid7(Date.now()), value: await fresh() };
      setKept(last.current);
    };
    void load();
    addEventListener("pagehide", keep);
    return () => {
      removeEventListener("pagehide", keep);
      keep();
    };
  }, []);
  if (!kept) return null;
  const set = (changes: Partial<T>) => {
    const before = last.current ?? kept;
    last.current = { ...before, value: { ...before.value, ...changes } };
    setKept(last.current);
    clearTimeout(timer.current);
    timer.current = setTimeout(keep, KEEP_AFTER_MS);
  };
  const drop = async () => {
    clearTimeout(timer.current);
    timer.current = undefined;
    await dropDraft(db, name);
  };
  return { ...kept, set, drop };
}
