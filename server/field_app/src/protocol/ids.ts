// New names: UUIDv7 for entries, and random nonces for signatures.

import { base64url, hex } from "./bytes";

/** A UUIDv7 (RFC 9562 5.7) of this moment. */
export function uuid7(wallMs: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 5, rest = wallMs; i >= 0; i -= 1, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const text = hex(bytes);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

/** When a record was named, by its writer's clock: a register comes down without the time at which it was written. */
export function writtenMs(id: string): number {
  return parseInt(id.replace("-", "").slice(0, 12), 16) || 0;
}

/** 128 random bits: never twice. */
export function nonce(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}
