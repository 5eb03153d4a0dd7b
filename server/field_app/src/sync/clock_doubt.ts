// Whether the tablet's clock can be believed while there is no network to ask. A record written under a wrong date is
// valid in form, and nobody notices before the brigade does: so the user is warned, and checks.

import { localDate } from "../protocol/time";

const BACK_MS = 60_000; // server and tablet round differently; more than this is a clock that was set back
const JUMP_MS = 5 * 60_000; // timers of a page that is looked at are never this late

export type Doubt = "back" | "jumped" | "new_day" | "";

/** All in ms of the tablet's clock as corrected by the last exchange, but the last two.
 *
 * `heardMs`: server time of the last exchange, 0 for none; `writtenMs`: when the last entry since was written, 0 for none. `passedMs` and
 * `ranMs`: how far wall clock and stopwatch went on since this page was last looked at. Another day than that of the last
 * exchange is no fault, but exactly what a clock looks like that has jumped: tomorrow's round would be shown.
 */
export function clockDoubt(nowMs: number, heardMs: number, writtenMs: number, passedMs: number, ranMs: number): Doubt {
  if (!heardMs) return "";
  if (nowMs < Math.max(heardMs, writtenMs) - BACK_MS) return "back";
  if (Math.abs(passedMs - ranMs) > JUMP_MS) return "jumped";
  return localDate(nowMs) === localDate(heardMs) ? "" : "new_day";
}
