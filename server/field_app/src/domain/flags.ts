// Flags (标记) as they came down.

import { parseMs } from "../protocol/time";
import type { Item } from "../store/view";

const OVER = ["closed", "withdrawn"];

export interface Flag {
  item: Item;
  duty: string;
  state: string;
  openedMs: number;
  isOpen: boolean;
  isSevere: boolean;
}

export function flagOf(item: Item): Flag {
  const { duty, state, opened, severity } = item.body;
  return {
    ...{ item, duty: String(duty), state: String(state), openedMs: parseMs(opened) ?? 0 },
    ...{ isOpen: !OVER.includes(String(state)), isSevere: severity === "severe" },
  };
}
