// When to exchange: when something was written, when the network comes back, when asked, and from time to time. One tab
// does it for all of them.

import { failureCode, type FieldDatabase } from "../store/database";
import { wipe } from "../store/records";
import { Exchange, type Trouble, troubleOf } from "./exchange";
import { sendPhotos } from "./media_upload";
import { pull } from "./pull";
import { push } from "./push";

const EVERY_MS = 180_000; // a heartbeat says that nothing is unsent: well within the grace of a duty
const AFTER_WRITING_MS = 1_500; // several entries in a row go up together
const BASE_MS = 2_000;
const CAP_MS = 900_000;
const LOCK = "gongdi-sync";

/** Push, then pull, whatever became of the push, then the photos. Gives what went wrong, if anything did. A device that was
 * revoked sends what it holds, then forgets what it pulled. */
export async function syncOnce(exchange: Exchange): Promise<Trouble | null> {
  const { db } = exchange;
  const pushed = await push(exchange);
  if (pushed.problem?.code === "device_revoked") {
    await wipe(db);
    return pushed.problem;
  }
  const wasRevoked = (await exchange.identity()).state === "revoked";
  const pulled = wasRevoked ? null : await pull(exchange, () => push(exchange));
  if (pulled?.problem?.code === "device_revoked") {
    await push(exchange);
    await wipe(db);
    return pulled.problem;
  }
  const photos = wasRevoked ? null : await sendPhotos(exchange);
  return pushed.problem ?? pulled?.problem ?? photos;
}

/** How long to wait after so many failures in a row. Full jitter: a thousand tablets that lost the same server at the same
 * moment must not come back at the same moment. */
export function delayMs(failures: number, retryAfterS: number | null, dice = Math.random()): number {
  if (failures === 0) return EVERY_MS;
  return (retryAfterS ?? 0) * 1000 + dice * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(failures - 1, 30));
}

export class Syncer {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextMs = 0;
  private running: Promise<void> | null = null;
  private failures = 0;

  constructor(
    private readonly exchange: Exchange,
    private readonly onBusy: (busy: boolean) => void,
  ) {}

  start(): void {
    addEventListener("online", () => this.soon(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.soon(0));
    this.soon(0);
  }

  /** Exchange after this while, or sooner if that was planned already. */
  soon(afterMs = AFTER_WRITING_MS): void {
    const at = Date.now() + afterMs;
    if (this.timer !== undefined && this.nextMs <= at) return;
    clearTimeout(this.timer);
    this.nextMs = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.now();
    }, afterMs);
  }

  /** Exchange now. Who asks while an exchange is running gets another one after it: it may have begun too early. */
  async now(): Promise<void> {
    await this.running;
    this.running ??= this.run().finally(() => (this.running = null));
    await this.running;
  }

  private async run(): Promise<void> {
    const { db } = this.exchange;
    this.onBusy(true);
    try {
      const identity = await db.identity.get("one");
      if (identity?.state !== "enrolled") return;
      const trouble = await alone(() => syncOnce(this.exchange).catch((error) => troubleOf(failureCode(error))));
      if (trouble === "elsewhere") return this.soon(EVERY_MS);
      this.failures = trouble ? this.failures + 1 : 0;
      await noteTrouble(db, trouble);
      this.soon(delayMs(this.failures, trouble?.retryAfterS ?? null));
    } finally {
      this.onBusy(false);
    }
  }
}

/** Run unless another tab does: it exchanges for this one too, because the database is the same. */
async function alone<T>(work: () => Promise<T>): Promise<T | "elsewhere"> {
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : ("elsewhere" as const)));
}

async function noteTrouble(db: FieldDatabase, trouble: Trouble | null): Promise<void> {
  await db.setNote("trouble", trouble?.code ?? "");
}
