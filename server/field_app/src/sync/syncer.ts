// When to exchange: when something was written, when the network comes back, when asked, and from time to time. One tab
// does it for all of them.

import { type FieldDatabase, isFull } from "../store/database";
import { settledOverlays, wipe } from "../store/records";
import { isNothing, unsent } from "../store/unsent";
import { Exchange, type Trouble, troubleOf } from "./exchange";
import { followFlagPhotos } from "./flag_photos";
import { sendPhotos } from "./media_upload";
import { hear, pull } from "./pull";
import { push } from "./push";

const EVERY_MS = 180_000; // a heartbeat says that nothing is unsent: well within the grace of a duty
const HIDDEN_EVERY_MS = 900_000; // while nobody looks: still within the grace, so that a resting tablet is not a silent one
const AFTER_WRITING_MS = 1_500; // several entries in a row go up together
const BASE_MS = 2_000;
const CAP_MS = 900_000;
const LOCK = "gongdi-sync";
const ELSEWHERE_MS = 5_000; // another tab exchanges: it may have begun too early, and may be closed in the middle of it
const LOCK_WAIT_MS = 60_000; // of a person who asks while another tab does

/** Pull, then push, whatever became of the pull, then pull what came of it, then the photos, then those of flags. Gives what went wrong, if
 * anything did. The pull comes first for its beacon: it is the proof that the push is not older.
 *
 * Where the pull got no answer and the browser says that there is no network, nothing more is tried: thousands of lines would
 * be read and signed, for nothing, while the inspector types the next digits.
 *
 * A site that was taken away is left when its entries and photos went up. A device that was revoked forgets what it pulled,
 * and continues to send what it holds: the server takes it into review.
 */
export async function syncOnce(exchange: Exchange, withPhotos = true): Promise<Trouble | null> {
  const { db } = exchange;
  if (db.isLocked) return rest(exchange);
  const wasRevoked = (await exchange.identity()).state === "revoked";
  let pulled = wasRevoked ? null : await pullAll(exchange);
  if (pulled?.code === "offline" && navigator.onLine === false) return pulled;
  const pushed = await push(exchange);
  const isKnown = !wasRevoked && pulled?.code !== "device_revoked";
  if (isKnown && (await settledOverlays(db)).size > 0) pulled = await pullAll(exchange);
  const isRevoked = wasRevoked || pulled?.code === "device_revoked";
  if (isRevoked) await wipe(db);
  const photos = withPhotos || isRevoked ? await sendPhotos(exchange) : null;
  if (isRevoked) await wipe(db);
  await followFlagPhotos(exchange, withPhotos && !isRevoked && !pushed.problem && !pulled);
  return pushed.problem ?? pulled ?? photos;
}

/** Nobody has typed the PIN since the app was started: what is written here can't be read, and nothing that comes can be kept.
 * The tablet says what it holds, so that it is not taken for lost, and hears whether it was revoked. */
async function rest(exchange: Exchange): Promise<Trouble | null> {
  const heard = await hear(exchange);
  if (heard?.code === "device_revoked") await wipe(exchange.db);
  return heard ?? (await push(exchange)).problem;
}

/** What went wrong, if anything did. What breaks in this tablet itself is no reason not to push either. */
async function pullAll(exchange: Exchange): Promise<Trouble | null> {
  const sendFirst = () => push(exchange).then(() => sendPhotos(exchange));
  return pull(exchange, sendFirst).then((report) => report.problem, troubleHere);
}

/** How long to wait after so many failures in a row. Full jitter: a thousand tablets that lost the same server at the same
 * moment must not come back at the same moment. */
export function delayMs(failures: number, retryAfterS: number | null, dice = Math.random()): number {
  if (failures === 0) return globalThis.document?.visibilityState === "hidden" ? HIDDEN_EVERY_MS : EVERY_MS;
  return (retryAfterS ?? 0) * 1000 + dice * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 30));
}

export class Syncer {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextMs = 0;
  private running: Promise<void> | null = null;
  private failures = 0;
  private isStopped = false;

  constructor(
    readonly exchange: Exchange,
    private readonly onBusy: (busy: boolean) => void = () => undefined,
  ) {}

  /** Gives what ends it. */
  start(): () => void {
    const over = new AbortController();
    this.isStopped = false;
    const { signal } = over;
    globalThis.addEventListener?.("online", () => this.soon(0), { signal }); // a program without a page has neither
    globalThis.document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.soon(0), { signal });
    this.soon(0);
    return () => {
      over.abort();
      this.stop();
    };
  }

  stop(): void {
    this.isStopped = true; // what is under way goes to its end, and nothing follows
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** Exchange after this while, or sooner if that was planned already. */
  soon(afterMs = AFTER_WRITING_MS): void {
    // By the clock of the timers: the one on the wall goes on while the tablet sleeps, and is set.
    const at = performance.now() + afterMs;
    if (this.isStopped || (this.timer !== undefined && this.nextMs <= at)) return;
    clearTimeout(this.timer);
    this.nextMs = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.now(false);
    }, afterMs);
  }

  /** Exchange now. Who asks while an exchange is running gets another one after it: it may have begun too early. Unless a
   * person asked, photos wait where the browser saves data. */
  async now(isAsked = true): Promise<void> {
    await this.running;
    this.running ??= this.run(isAsked).finally(() => (this.running = null));
    await this.running;
  }

  private async run(isAsked: boolean): Promise<void> {
    const { db } = this.exchange;
    this.exchange.moved = { up: 0, down: 0, records: 0 };
    this.onBusy(true); // before anything is waited for: a touch is answered at once
    try {
      const identity = await db.identity.get("one");
      if (!identity || identity.state === "enrolling") return;
      if (!isAsked && identity.state === "revoked" && isNothing(await unsent(db))) return;
      const withPhotos = isAsked || !savesData();
      const trouble = await alone(() => syncOnce(this.exchange, withPhotos).catch(troubleHere), isAsked);
      if (trouble === "elsewhere") return this.soon(ELSEWHERE_MS);
      this.failures = trouble ? this.failures + 1 : 0;
      await noteTrouble(db, trouble);
      this.soon(delayMs(this.failures, trouble?.retryAfterS ?? null));
    } finally {
      this.onBusy(false);
    }
  }
}

/** What broke in this tablet itself. What was written before is kept, and is sent next time. */
function troubleHere(error: unknown): Trouble {
  console.info("an exchange failed", error);
  return troubleOf(isFull(error) ? "pull_no_room" : "sync_failed");
}

function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

/** Run unless another tab does: it exchanges for this one too, because the database is the same. Who asked waits for it. */
async function alone<T>(work: () => Promise<T>, isAsked: boolean): Promise<T | "elsewhere"> {
  if (!navigator.locks) return work();
  const options = isAsked ? { signal: AbortSignal.timeout(LOCK_WAIT_MS) } : { ifAvailable: true };
  const waited = navigator.locks.request(LOCK, options, (lock) => (lock ? work() : ("elsewhere" as const)));
  return waited.catch(() => "elsewhere" as const); // its time was up: what is done here never throws
}

async function noteTrouble(db: FieldDatabase, trouble: Trouble | null): Promise<void> {
  await db.setNote("trouble", trouble?.code ?? "");
}
