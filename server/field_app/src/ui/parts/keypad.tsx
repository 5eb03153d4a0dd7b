// Big digits for a temperature; a keyboard works too.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon";

const LENGTH = 3; // 36.5 without its point

interface Props {
  /** A change, not a value: keys come faster than the screen follows. `touchedMs`: when the finger came down, on the clock of
   * `performance.now()`; the page may have been busy since. */
  onDigits: (change: (digits: string) => string, touchedMs: number) => void;
}

export function Keypad({ onDigits }: Props) {
  const latest = useRef(onDigits);
  latest.current = onDigits;
  const downMs = useRef<number | null>(null); // of the touch that is going on
  const press = (key: string, atMs: number) => {
    if (key === "Backspace") latest.current((digits) => digits.slice(0, -1), atMs);
    else if (key === "Delete") latest.current(() => "", atMs);
    else if (/^\d$/.test(key)) latest.current((digits) => (digits.length < LENGTH ? digits + key : digits), atMs);
  };
  const touch = (key: string, event: Event) => {
    press(key, downMs.current ?? event.timeStamp);
    downMs.current = null;
  };
  // Before the screen shows it: whoever sees the keypad can type.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
      if (/^(\d|Backspace)$/.test(event.key)) press(event.key, event.timeStamp);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="keypad" onPointerDown={(event) => (downMs.current = event.timeStamp)}>
      {["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((key) => (
        <button type="button" key={key} onClick={(event) => touch(key, event)}>
          {key}
        </button>
      ))}
      <button type="button" class="quiet" onClick={(event) => touch("Delete", event)}>
        清空
      </button>
      <button type="button" onClick={(event) => touch("0", event)}>
        0
      </button>
      <button type="button" class="quiet" aria-label="退一格" onClick={(event) => touch("Backspace", event)}>
        <Icon name="erase" />
      </button>
    </div>
  );
}

/** `36.5`, with places for what is not typed yet. */
export function Reading({ digits }: { digits: string }) {
  const shown = digits.padEnd(LENGTH, "–");
  return (
    <output class={digits ? "reading" : "reading none"}>
      {shown.slice(0, 2)}.{shown[2]}
      <small>℃</small>
    </output>
  );
}
