// Photos leave the tablet after their entries did, by tus 1.0.0 under /sync/v1/media, addressed by their SHA-256. Where an
// upload broke off, it goes on; nothing waits for it.

import { type HttpRequest, type HttpResponse, type HttpStack, Upload } from "tus-js-client";
import type { FieldDatabase, MediaRow } from "../store/database";
import { type Exchange, ExchangeFailed, type Trouble, troubleIn, troubleOf } from "./exchange";

const MEDIA = "/sync/v1/media";
const PIECE_BYTES = 256 * 1024; // a weak network loses no more than this when it breaks off
const FINAL = ["media_too_large", "media_type_not_allowed", "media_unreadable", "media_mismatch"];

/** Send what waits, one photo after the other. Stops as soon as a new entry waits: that goes first. Gives what stopped
 * it otherwise, if anything did. */
export async function sendPhotos(exchange: Exchange): Promise<Trouble | null> {
  const { db } = exchange;
  const waiting = () => db.outbox.where("state").equals("waiting").count();
  const before = await waiting();
  for (const photo of await sendable(db)) {
    if ((await waiting()) > before) return null;
    const trouble = await send(exchange, photo);
    if (trouble) return trouble;
  }
  return null;
}

/** Photos that wait, of entries that the server has and did not refuse. */
async function sendable(db: FieldDatabase): Promise<MediaRow[]> {
  const photos = await db.media.where("state").equals("waiting").toArray();
  const entries = await db.outbox.where("id").anyOf(photos.map((photo) => photo.entry)).toArray();
  const taken = new Set(entries.filter((row) => row.state === "settled" && row.outcome !== "refused").map((row) => row.id));
  return photos.filter((photo) => taken.has(photo.entry));
}

async function send(exchange: Exchange, photo: MediaRow): Promise<Trouble | null> {
  try {
    if (!(await isHere(exchange, photo.sha256))) await upload(exchange, photo);
  } catch (error) {
    if (!(error instanceof ExchangeFailed)) throw error;
    const { trouble } = error;
    if (trouble.code === "media_not_promised") return null; // its entry is held; it takes effect later
    if (!FINAL.includes(trouble.code)) return trouble;
    await exchange.db.media.update(photo.sha256, { state: "refused", code: trouble.code, url: "" });
    return null;
  }
  await exchange.db.media.update(photo.sha256, { state: "sent", url: "" });
  return null;
}

/** Whether the server has these bytes, from whomever. Throws ExchangeFailed. */
async function isHere(exchange: Exchange, sha256: string): Promise<boolean> {
  const answer = await exchange.ask("GET", `${MEDIA}/sha256/${sha256}`);
  const trouble = await troubleIn(answer);
  if (trouble && trouble.status !== 404) throw new ExchangeFailed(trouble);
  return trouble === null;
}

/** Throws ExchangeFailed. When to try again is the syncer's to say. */
async function upload(exchange: Exchange, photo: MediaRow): Promise<void> {
  const { db } = exchange;
  const entry = await db.outbox.where("id").equals(photo.entry).first();
  await new Promise<void>((resolve, reject) => {
    const upload: Upload = new Upload(photo.blob, {
      endpoint: MEDIA,
      uploadUrl: photo.url || null,
      metadata: { scope: entry?.scope ?? "", sha256: photo.sha256 },
      chunkSize: PIECE_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      httpStack: new SignedStack(exchange),
      onUploadUrlAvailable: () => void db.media.update(photo.sha256, { url: upload.url ?? "" }),
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
