// Trading a code for an identity.

import { contracts } from "../contracts";
import { utf8 } from "../protocol/bytes";
import { makeKeys, publicText } from "../protocol/signatures";
import { carryOver } from "../store/carry_over";
import { type FieldDatabase, FieldError, type Identity } from "../store/database";
import { PIN_ASKED } from "../store/pin";
import { leaveMarker, removeMarker } from "../store/marker";
import { isExported, isNothing, unsent } from "../store/unsent";
import { Exchange, ExchangeFailed, troubleOf } from "./exchange";

/** Make a key, keep it, and trade the code for a token: a lost answer is asked for again with the same key. A tablet that
 * the server does not know any more becomes a new device, with everything that it holds.
 *
 * Throws FieldError `already_enrolled`, `other_user`, or ExchangeFailed with what the server or the network said.
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
  const given = { device: String(device), token: String(token), user: String(user), serverKey: String(serverKey) };
  const identity: Identity = { one: "one", state: "enrolled", keys, name, ...given };
  if ((await db.identity.get("one"))?.state === "enrolling") await db.identity.put(identity);
  else await carryOver(db, identity);
  await db.setNote("trouble", "");
  await db.setNote(PIN_ASKED, Date.now());
  await exchange.noteTime(answer["server_time"]);
  if (typeof answer["beacon"] === "string") await db.setNote("beacon", answer["beacon"]);
  leaveMarker();
  await askToKeepStorage(db);
}

/** Of the enrolment that is under way; kept before they are used. */
async function ownKeys(db: FieldDatabase, name: string): Promise<CryptoKeyPair> {
  if (globalThis.isSecureContext === false) throw new FieldError("insecure");
  const fresh = await makeKeys().catch(() => null); // before the transaction, which must not wait for it
  if (!fresh) throw new FieldError("browser_too_old");
  return db.transaction("rw", db.identity, db.notes, async () => {
    const identity = await db.identity.get("one");
    if (identity && identity.state !== "enrolling") {
      if (!(await isUnknown(db))) throw new FieldError("already_enrolled");
      const keys = identity.nextKeys ?? fresh;
      await db.identity.update("one", { nextKeys: keys });
      return keys;
    }
    const keys = identity?.keys ?? fresh;
    await db.identity.put({ one: "one", state: "enrolling", keys, name, device: "", token: "", user: "", serverKey: "" });
    return keys;
  });
}

/** Whether the server said that it does not know this device: it was restored from an older backup. */
async function isUnknown(db: FieldDatabase): Promise<boolean> {
  return (await db.note("trouble")) === "unauthenticated";
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

/** Begin again on a device that was revoked, once nothing waits or all of it was exported. Throws FieldError
 * `entries_waiting`. */
export async function forgetIdentity(db: FieldDatabase): Promise<void> {
  await db.transaction("rw", db.tables, async () => {
    if (!isNothing(await unsent(db)) && !(await isExported(db))) throw new FieldError("entries_waiting");
    for (const table of db.tables) await table.clear();
    db.forgetPin();
  });
  removeMarker();
}

/** Give the server the code by which an administrator lets somebody in who forgot the PIN. Throws ExchangeFailed. */
export async function leaveUnlockCode(exchange: Exchange, code: string): Promise<void> {
  const body = utf8(JSON.stringify({ code }));
  await exchange.post("/sync/v1/unlock-code", async () => body, { "Content-Type": "application/json" });
}
