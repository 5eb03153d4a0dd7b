// Who works with this tablet, and passing it from one to another.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FieldDatabase } from "../store/database";
import type { Person } from "../store/people";

export interface Tablet {
  people: readonly Person[]; // all of them
  name: string; // of whoever works with it now
  isOpen: boolean; // false behind the lock screen
  isPinDue: boolean; // everybody has a PIN by now, or there are several people
  lock: (next?: FieldDatabase) => void; // and let this person type the PIN
  open: (db: FieldDatabase) => void; // whose PIN was typed
  add: () => void; // one person more, who enrols
  refresh: () => Promise<void>; // after a PIN was set
}

export const TabletContext = createContext<Tablet | null>(null);

export function useTablet(): Tablet {
  const tablet = useContext(TabletContext);
  if (!tablet) throw new Error("no tablet");
  return tablet;
}
