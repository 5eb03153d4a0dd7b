// What a form holds while it is filled in. It is kept in the tablet, so that leaving the form loses nothing.

import { useEffect, useRef, useState } from "preact/hooks";
import { uuid7 } from "../protocol/ids";
import { type Change, DraftWriter, type Kept } from "../store/draft_writer";
import { draft, dropDraft, keepDraft } from "../store/drafts";
import { useSession } from "./session";

export interface Draft<T> {
  id: string; // of the entry that it will be: so nothing is written twice, though the app dies between writing and forgetting
  value: T;
  set: (change: Change<T>) => void;
  drop: () => Promise<void>;
}

/** The form named `name`, as it was left, or `fresh`; null for the milliseconds until that is known. */
export function useDraft<T extends object>(name: string, fresh: () => T | Promise<T>): Draft<T> | null {
  const { db } = useSession();
  const [kept, setKept] = useState<Kept<T> | null>(null);
  const writer = useRef<DraftWriter<T>>(null);
  useEffect(() => {
    let isOpen = true;
    const load = async () => {
      const left = await draft<Kept<T>>(db, name);
      const isWritten = left && (await db.outbox.where("id").equals(left.id).count()) > 0;
      const start = left && !isWritten ? left : { id: uuid7(Date.now()), value: await fresh() };
      if (!isOpen) return;
      writer.current = new DraftWriter(start, (now) => keepDraft(db, name, now), setKept);
      setKept(start);
    };
    void load();
    const flush = () => writer.current?.flush();
    // A system that needs memory ends what is out of sight, and says nothing.
    addEventListener("pagehide", flush);
    document.addEventListener("visibilitychange", flush);
    return () => {
      isOpen = false;
      removeEventListener("pagehide", flush);
      document.removeEventListener("visibilitychange", flush);
      writer.current?.leave();
    };
  }, []);
  if (!kept) return null;
  const drop = async () => {
    writer.current?.end();
    await dropDraft(db, name);
  };
  return { ...kept, set: (change) => writer.current?.change(change), drop };
}
