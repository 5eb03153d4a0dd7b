// Big digits for a temperature; a keyboard works too.

import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon";

const LENGTH = 3; // 36.5 without its point

interface Props {
  onDigits: (change: (digits: string) => string) => void; // a change, not a value: keys come faster than the screen follows
}

export function Keypad({ onDigits }: Props) {
  const latest = useRef(onDigits);
  latest.current = onDigits;
  const press = (key: string) => {
    if (key === "Backspace") latest.current((digits) => digits.slice(0, -1));
    else if (/^\d$/.test(key)) latest.current((digits) => (digits.length < LENGTH ? digits + key : digits));
  };
  // Before the screen shows it: whoever sees the keypad can type.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLElement && /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
      press(event.key);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="keypad">
      {["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((key) => (
        <button type="button" key={key} onClick={() => press(key)}>
          {key}
        </button>
      ))}
      <button type="button" class="quiet" onClick={() => onDigits(() => "")}>
        清空
      </button>
      <button type="button" onClick={() => press("0")}>
        0
      </button>
      <button type="button" class="quiet" aria-label="退一格" onClick={() => press("Backspace")}>
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
