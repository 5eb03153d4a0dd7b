// The PIN of whoever works with this database, and the data key behind it.
//
// The data key is wrapped twice: by the PIN, and by a code that the server keeps for an administrator (解锁码). Neither opens
// it alone: both go through a key of this browser that cannot be read out, so that a PIN is of no use elsewhere, and a copy of
// what lies in the open here is of no use without one. Nothing is ever deleted for a wrong PIN: the next try waits longer.

import { rule } from "../contracts";
import { type Bytes, utf8 } from "../protocol/bytes";
import { type FieldDatabase, FieldError } from "./database";
import { sealRest } from "./seal_rest";

export const VAULT = "vault"; // the note that holds the keys
export const PIN_ASKED = "pin_asked_ms"; // the note of since when a PIN is asked for
export const SEALED = "gongdi-sealed"; // changes in the browser's other tabs when a PIN is set
const ITERATIONS = 600_000; // of PBKDF2-HMAC-SHA-256: OWASP Password Storage Cheat Sheet, 2023
const SALT_BYTES = 16;
const IV_BYTES = 12;
const CODE_BYTES = 15; // 120 bits: 24 characters
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: nothing in it is read as something else

interface Wrapped {
  iv: Bytes;
  key: ArrayBuffer;
}

interface Vault {
  own: CryptoKey; // HMAC; cannot be read out
  salt: Bytes;
  iterations: number;
  byPin: Wrapped;
  byCode: Wrapped;
  device: string; // as which the code was left at the server
  failures: number;
  waitUntilMs: number;
}

/** Gives a code to the server. */
export type LeaveCode = (code: string) => Promise<unknown>;

/** Look whether there is a PIN; to be called once after opening. */
export async function findPin(db: FieldDatabase): Promise<void> {
  db.hasPin = (await vaultOf(db)) !== undefined;
}

/** Whose database it is, as this person wrote it; "" where nobody has. */
export async function personOf(db: FieldDatabase): Promise<string> {
  return String((await db.note("person")) ?? "");
}

/** Set the first PIN, and seal what is there. `leaveCode` gives the code to the server: before that nothing is sealed, so that
 * no forgotten PIN loses anything. Throws FieldError `pin_too_short`, `pin_too_simple`, and what `leaveCode` throws. */
export async function setPin(db: FieldDatabase, pin: string, person: string, leaveCode: LeaveCode): Promise<void> {
  checkPin(pin);
  if (db.hasPin) throw new FieldError("pin_is_set");
  const code = newCode();
  await leaveCode(code);
  const device = await deviceOf(db);
  const own = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const vault: Vault = {
    ...{ own, salt, device, iterations: ITERATIONS, failures: 0, waitUntilMs: 0 },
    byPin: await wrap(key, await fromPin(own, salt, ITERATIONS, pin)),
    byCode: await wrap(key, await fromCode(own, code)),
  };
  const usable = await unwrap(vault.byPin, await fromPin(own, salt, ITERATIONS, pin), false);
  await db.notes.bulkPut([{ name: VAULT, value: vault }, { name: "person", value: person }, { name: "unsealed", value: 1 }]);
  Object.assign(db, { hasPin: true, key: usable });
  globalThis.localStorage?.setItem(SEALED, String(Date.now()));
  await sealRest(db);
}

/** Open what is sealed. Throws FieldError `pin_wrong`, or `pin_wait` while the next try has to wait. A tablet that was enrolled
 * again leaves a new code, as soon as it can: the server has the other one no more. */
export async function enterPin(db: FieldDatabase, pin: string, leaveCode: LeaveCode): Promise<void> {
  const vault = await toTry(db);
  const byPin = await fromPin(vault.own, vault.salt, vault.iterations, pin);
  const key = await unwrap(vault.byPin, byPin, false).catch(() => null);
  if (!key) return fail(db, "pin_wrong");
  const device = await deviceOf(db);
  const isKnown = device === vault.device;
  await opened(db, key, isKnown ? {} : await leftAgain(vault, device, byPin, leaveCode).catch(() => ({})));
}

async function leftAgain(vault: Vault, device: string, byPin: CryptoKey, leaveCode: LeaveCode): Promise<Partial<Vault>> {
  const code = newCode();
  await leaveCode(code);
  return { device, byCode: await wrap(await unwrap(vault.byPin, byPin, true), await fromCode(vault.own, code)) };
}

/** Set another PIN by the code that an administrator reads out. Throws as `setPin` and `enterPin`, `code_wrong` for another code. */
export async function renewPin(db: FieldDatabase, code: string, pin: string): Promise<void> {
  checkPin(pin);
  const vault = await toTry(db);
  const plain = code.toUpperCase().replaceAll(/[^0-9A-Z]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  const byCode = await fromCode(vault.own, plain);
  const key = await unwrap(vault.byCode, byCode, true).catch(() => null);
  if (!key) return fail(db, "code_wrong");
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const byPin = await wrap(key, await fromPin(vault.own, salt, ITERATIONS, pin));
  await opened(db, await unwrap(vault.byCode, byCode, false), { salt, iterations: ITERATIONS, byPin });
}

/** How long the next try has to wait, in ms; 0: no longer. */
export async function waitMs(db: FieldDatabase): Promise<number> {
  const left = ((await vaultOf(db))?.waitUntilMs ?? 0) - Date.now();
  return Math.min(Math.max(left, 0), rule("pin_wait_most_s").value * 1000); // the clock may have been set back
}

async function deviceOf(db: FieldDatabase): Promise<string> {
  return (await db.identity.get("one"))?.device ?? "";
}

async function vaultOf(db: FieldDatabase): Promise<Vault | undefined> {
  return (await db.notes.get(VAULT))?.value as Vault | undefined;
}

function checkPin(pin: string): void {
  if (!/^\d+$/.test(pin) || pin.length < rule("pin_digits_min").value) throw new FieldError("pin_too_short");
  const steps = new Set([...pin].slice(1).map((digit, i) => Number(digit) - Number(pin[i])));
  if (steps.size === 1 && [-1, 0, 1].includes([...steps][0]!)) throw new FieldError("pin_too_simple");
}

async function toTry(db: FieldDatabase): Promise<Vault> {
  const vault = await vaultOf(db);
  if (!vault) throw new FieldError("pin_missing");
  if ((await waitMs(db)) > 0) throw new FieldError("pin_wait");
  return vault;
}

async function opened(db: FieldDatabase, key: CryptoKey, changes: Partial<Vault>): Promise<void> {
  const hasFailed = ((await vaultOf(db))?.failures ?? 0) > 0;
  if (hasFailed || Object.keys(changes).length > 0) await changeVault(db, (vault) => ({ ...vault, ...changes, failures: 0, waitUntilMs: 0 }));
  db.key = key;
  await sealRest(db);
}

/** Each wrong try after the free ones doubles the wait. */
async function fail(db: FieldDatabase, code: string): Promise<never> {
  const [free, firstS, mostS] = ["pin_tries", "pin_wait_s", "pin_wait_most_s"].map((name) => rule(name).value) as [number, number, number];
  await changeVault(db, (vault) => {
    const failures = vault.failures + 1;
    const waitS = failures < free ? 0 : Math.min(firstS * 2 ** (failures - free), mostS);
    return { ...vault, failures, waitUntilMs: Date.now() + waitS * 1000 };
  });
  throw new FieldError(code);
}

async function changeVault(db: FieldDatabase, change: (vault: Vault) => Vault): Promise<void> {
  await db.transaction("rw", db.notes, async () => {
    const vault = await vaultOf(db);
    if (vault) await db.notes.put({ name: VAULT, value: change(vault) });
  });
}

async function fromPin(own: CryptoKey, salt: Bytes, iterations: number, pin: string): Promise<CryptoKey> {
  const typed = await crypto.subtle.importKey("raw", utf8(pin), "PBKDF2", false, ["deriveBits"]);
  return bound(own, await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, typed, 256));
}

async function fromCode(own: CryptoKey, code: string): Promise<CryptoKey> {
  return bound(own, await crypto.subtle.digest("SHA-256", utf8(code))); // long and random: nothing to slow down
}

async function bound(own: CryptoKey, secret: ArrayBuffer): Promise<CryptoKey> {
  const bits = await crypto.subtle.sign("HMAC", own, secret);
  return crypto.subtle.importKey("raw", bits, "AES-GCM", false, ["wrapKey", "unwrapKey"]);
}

async function wrap(key: CryptoKey, by: CryptoKey): Promise<Wrapped> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  return { iv, key: await crypto.subtle.wrapKey("raw", key, by, { name: "AES-GCM", iv }) };
}

function unwrap({ iv, key }: Wrapped, by: CryptoKey, isExtractable: boolean): Promise<CryptoKey> {
  return crypto.subtle.unwrapKey("raw", key, by, { name: "AES-GCM", iv }, "AES-GCM", isExtractable, ["encrypt", "decrypt"]);
}

function newCode(): string {
  let bits = 0n;
  for (const byte of crypto.getRandomValues(new Uint8Array(CODE_BYTES))) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: (CODE_BYTES * 8) / 5 }, (_, i) => ALPHABET[Number((bits >> BigInt(i * 5)) & 31n)]).join("");
}
