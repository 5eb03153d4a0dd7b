// The digest by which this device proves that it holds what the server holds: a sum that both keep by adding and
// subtracting. A part is the first 8 bytes, big-endian, of SHA-256(`kind|id|rev`).

import { sha256, utf8 } from "./bytes";

const MODULUS = 1n << 64n;

export async function recordDigest(kind: string, id: string, rev: number): Promise<bigint> {
  const bytes = await sha256(utf8(`${kind}|${id}|${rev}`));
  return new DataView(bytes.buffer).getBigUint64(0);
}

/** The sum modulo 2^64 as 16 lower-case hex digits. Takes any integer, also a negative one. */
export function digestText(sum: bigint): string {
  return (((sum % MODULUS) + MODULUS) % MODULUS).toString(16).padStart(16, "0");
}

export function digestSum(text: string): bigint {
  return BigInt(`0x${text}`);
}
