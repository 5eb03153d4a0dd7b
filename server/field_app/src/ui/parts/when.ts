// When something happened, and what there is to know of that time.

import { localDate, localTime } from "../../protocol/time";
import { timeMark } from "../../store/times";
import type { Item } from "../../store/view";

/** `07:41`, `07:41 补录`, `07:41 时间存疑`. */
export function timeText({ body, timeMs }: Item): string {
  return [localTime(timeMs), timeMark(body)].filter(Boolean).join(" ");
}

/** The same with the day: `11-23 07:41 补录`. */
export function whenText(item: Item): string {
  return `${localDate(item.timeMs).slice(5)} ${timeText(item)}`;
}
