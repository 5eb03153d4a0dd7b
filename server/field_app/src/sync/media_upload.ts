// Photos leave the tablet after their entries did, by tus 1.0.0 under /sync/v1/media, addressed by their SHA-256. Where an
// upload broke off, it goes on; nothing waits for it.

import type { HttpRequest, HttpResponse, HttpStack, Upload } from "tus-js-client";
import { hex, sha256 } from "../protocol/bytes";
import type { PhotoRow } from "../store/database";
import { KEPT_MS } from "../store/outbox";
import { unsealBlob } from "../store/seal";
import { type UnsentPhoto, unsentPhotos } from "../store/unsent";
import { type Exchange, ExchangeFailed, type Trouble, troubleIn, troubleOf } from "./exchange";

const MEDIA = "/sync/v1/media";
const PIECE_BYTES = 256 * 1024; // a weak network loses no more than this when it breaks off
const FINAL = ["media_too_large", "media_type_not_allowed", "media_unreadable"];
const OF_ALL = [0, 401, 429, 502, 503, 504]; // the network, or the whole server
const PASSED_OVER_MAX = 3; // photos that fail one after the other mean that the server has a fault

/** Send what waits, one photo after the other; one that fails by itself does not hold up the others. Stops as soon as a
 * new entry waits: that goes first. Gives the first thing that went wrong otherwise, if anything did. */
export async function sendPhotos(exchange: Exchange): Promise<Trouble | null> {
  const { db } = exchange;
  const waiting = () => db.outbox.where("state").equals("waiting").count();
  const before = await waiting();
  const troubles: Trouble[] = [];
  for (const one of await unsentPhotos(db)) {
    if (one.row.state === "waiting") continue; // its entry goes first
    if ((await waiting()) > before) return null;
    const trouble = await send(exchange, one);
    if (trouble) troubles.push(trouble);
    if (trouble && (OF_ALL.includes(trouble.status) || troubles.length >= PASSED_OVER_MAX)) break;
  }
  return troubles[0] ?? null;
}

async function send(exchange: Exchange, one: UnsentPhoto): Promise<Trouble | null> {
  const { photo } = one;
  try {
    if (!(await isHere(exchange, photo.sha256))) await upload(exchange, one);
  } catch (error) {
    if (!(error instanceof ExchangeFailed)) throw error;
    if (error.trouble.code !== "media_here") return takeRefusal(exchange, one, error.trouble);
  }
  await update(exchange, photo, { state: "sent", url: "" });
  return null;
}

/** What becomes of a photo that was not taken. Gives what to report, unless the photo itself shows it from now on. */
async function takeRefusal(exchange: Exchange, { photo, row }: UnsentPhoto, trouble: Trouble): Promise<Trouble | null> {
  const { code } = trouble;
  const refuse = () => update(exchange, photo, { state: "refused", code, url: "" }).then(() => null);
  if (FINAL.includes(code)) return refuse();
  if (code === "media_mismatch") {
    // Something was lost on the way or at the server: begin again, as long as the stored photo is the one that was promised.
    const blob = await unsealBlob(exchange.db, photo.sha256, photo.blob);
    const isIntact = hex(await sha256(new Uint8Array(await blob.arrayBuffer()))) === photo.sha256;
    if (!isIntact) return refuse();
    await update(exchange, photo, { url: "" });
  }
  if (code === "media_not_promised") {
    // The server has lost the entry: the next push sends it again, as long as it is kept for that.
    const isOld = (row.settledMs ?? 0) < (await exchange.nowMs()) - KEPT_MS;
    return isOld ? refuse() : null;
  }
  return trouble;
}

function update(exchange: Exchange, photo: PhotoRow, changes: Partial<PhotoRow>): Promise<number> {
  return exchange.db.photos.update([photo.entry, photo.sha256], changes);
}

/** Whether the server has these bytes, from whomever. Throws ExchangeFailed. */
async function isHere(exchange: Exchange, sha256: string): Promise<boolean> {
  const answer = await exchange.ask("GET", `${MEDIA}/sha256/${sha256}`);
  const trouble = await troubleIn(answer);
  if (trouble && trouble.status !== 404) throw new ExchangeFailed(trouble);
  return trouble === null;
}

/** Throws ExchangeFailed. When to try again is the syncer's to say. */
async function upload(exchange: Exchange, { photo, row }: UnsentPhoto): Promise<void> {
  const tus = await import("tus-js-client"); // hardly smaller than all the rest of the app, and only photos need it
  const blob = await unsealBlob(exchange.db, photo.sha256, photo.blob);
  await new Promise<void>((resolve, reject) => {
    const upload: Upload = new tus.Upload(blob, {
      endpoint: MEDIA,
      uploadUrl: photo.url || null,
      metadata: { scope: row.scope, sha256: photo.sha256 },
      chunkSize: PIECE_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      httpStack: new SignedStack(exchange),
      onUploadUrlAvailable: () => void update(exchange, photo, { url: upload.url ?? "" }),
      onSuccess: () => resolve(),
      onError: (error) => reject(failureOf(error)),
    });
    upload.start();
  });
}

function failureOf(error: unknown): unknown {
  const { causingError, originalResponse } = error as { causingError?: unknown; originalResponse?: HttpResponse | null };
  const trouble: unknown = originalResponse?.getUnderlyingObject();
  return trouble ? new ExchangeFailed(trouble as Trouble) : (causingError ?? new ExchangeFailed(troubleOf("bad_answer")));
}

/** How the uploader sends: as every other exchange, with a time limit, and signed where an upload begins. */
class SignedStack implements HttpStack {
  constructor(private readonly exchange: Exchange) {}

  createRequest(method: string, url: string): HttpRequest {
    const { exchange } = this;
    const headers: Record<string, string> = {};
    const path = new URL(url, "http://server").pathname;
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => void (headers[name] = value),
      getHeader: (name) => headers[name],
      setProgressHandler: () => undefined,
      async send(body: Blob | null) {
        const begins = method === "POST";
        const response = await (begins ? exchange.ask(method, path, headers) : exchange.carry(method, path, headers, body));
        const trouble = await troubleIn(response);
        return {
          getStatus: () => response.status,
          getHeader: (name) => response.headers.get(name) ?? undefined,
          getBody: () => trouble?.code ?? "",
          getUnderlyingObject: () => trouble,
        };
      },
      abort: async () => undefined, // nobody stops an upload; the time limit does
      getUnderlyingObject: () => null,
    };
  }

  getName(): string {
    return "SignedStack";
  }
}
