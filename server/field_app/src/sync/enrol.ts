// Trading a code for an identity.

import { contracts } from "../contracts";
import { makeKeys, publicText } from "../protocol/signatures";
import { type FieldDatabase, FieldError } from "../store/database";
import { Exchange, ExchangeFailed, troubleOf } from "./exchange";

/** Make a key, keep it, and trade the code for a token: a lost answer is asked for again with the same key.
 *
 * Throws FieldError `already_enrolled`, or ExchangeFailed with what the server or the network said.
 */
export async function enrol(exchange: Exchange, code: string, name: string): Promise<void> {
  const { db } = exchange;
  const keys = await ownKeys(db, name);
  const asked = {
    code,
    public_key: await publicText(keys.publicKey),
    name: name.slice(0, contracts.limits.device_name),
    platform: platform(),
  };
  const answer = await exchange.postUnsigned("/sync/v1/enrol", asked);
  const [device, token, user, serverKey] = ["device", "token", "user", "server_key"].map((field) => answer[field]);
  if (![device, token, user, serverKey].every((value) => typeof value === "string" && value)) {
    throw new ExchangeFailed(troubleOf("bad_answer"));
  }
  await db.transaction("rw", db.identity, db.notes, async () => {
    await db.identity.update("one", {
      state: "enrolled",
      ...{ device: String(device), token: String(token), user: String(user), serverKey: String(serverKey) },
    });
    await exchange.tellTime(answer["server_time"]);
    if (typeof answer["beacon"] === "string") await db.setNote("beacon", answer["beacon"]);
  });
  await askToKeepStorage(db);
}

async function ownKeys(db: FieldDatabase, name: string): Promise<CryptoKeyPair> {
  if (!globalThis.isSecureContext) throw new FieldError("insecure");
  const fresh = await makeKeys().catch(() => null); // before the transaction, which must not wait for it
  if (!fresh) throw new FieldError("browser_too_old");
  return db.transaction("rw", db.identity, async () => {
    const identity = await db.identity.get("one");
    if (identity && identity.state !== "enrolling") throw new FieldError("already_enrolled");
    const keys = identity?.keys ?? fresh;
    await db.identity.put({ one: "one", state: "enrolling", keys, name, device: "", token: "", user: "", serverKey: "" });
    return keys;
  });
}

function platform(): string {
  const agent = navigator.userAgent;
  const system = /Android [\d.]+|iPad|iPhone|Windows NT [\d.]+|Mac OS X|Linux/.exec(agent)?.[0] ?? "browser";
  const browser = /(Edg|Chrome|Firefox|Version)\/\d+/.exec(agent)?.[0] ?? "";
  return `web ${system} ${browser}`.trim();
}

/** A browser may throw away what a site stores when the disk is full, unless it has promised not to. */
export async function askToKeepStorage(db: FieldDatabase): Promise<void> {
  const kept = await navigator.storage?.persist?.().catch(() => false);
  await db.setNote("storage_kept", kept ? 1 : 0);
}

/** Begin anew on a device that was revoked, once nothing waits. Throws FieldError `entries_waiting`. */
export async function forgetIdentity(db: FieldDatabase): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    if (await db.outbox.where("state").equals("waiting").count()) throw new FieldError("entries_waiting");
    for (const table of db.tables) await table.clear();
  });
}
