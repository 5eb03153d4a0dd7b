// Nothing in a list moves under a finger: an order that has been shown stays, and what had to move takes no touch until the
// user has seen where it went.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { AIM_MS } from "../../domain/aim";

const AIMED_AT = ":is(li, .names, .ask) :is(a, button)"; // the keys of a form stay where they are, and are touched without looking

/** The same things in the order in which they were shown first: what comes later is added at the end, what goes keeps its
 * place. With other `asked`, in the order as it is given. */
export function useStill<T extends { id: string }>(things: readonly T[], asked: string): T[] {
  const kept = useRef({ asked, shown: new Map<string, T>() });
  if (kept.current.asked !== asked) kept.current = { asked, shown: new Map() };
  const { shown } = kept.current;
  for (const thing of things) shown.set(thing.id, thing); // a key that is there already keeps its place
  return [...shown.values()];
}

/** Whatever has just come to where it is, by appearing or by moving, takes no touch for AIM_MS. */
export function useAim(root: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const main = root.current!;
    const places = new WeakMap<Element, { place: string; sinceMs: number }>();
    const release = (moved: readonly Element[]) => {
      const isOver = (one: Element) => performance.now() - (places.get(one)?.sinceMs ?? 0) >= AIM_MS;
      for (const one of moved.filter(isOver)) one.removeAttribute("data-moved");
    };
    const look = () => {
      const moved = [...main.querySelectorAll(AIMED_AT)].filter((one) => {
        const { left, top } = one.getBoundingClientRect();
        const place = `${Math.round(left + scrollX)} ${Math.round(top + scrollY)}`;
        if (places.get(one)?.place === place) return false;
        places.set(one, { place, sinceMs: performance.now() });
        return true;
      });
      for (const one of moved) one.setAttribute("data-moved", "");
      if (moved.length > 0) setTimeout(() => release(moved), AIM_MS + 1);
    };
    const observer = new MutationObserver(look); // after every change, and before it is drawn
    observer.observe(main, { childList: true, characterData: true, subtree: true });
    look();
    return () => observer.disconnect();
  }, []);
}
