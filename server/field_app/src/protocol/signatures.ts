// Keys and signatures: requests (RFC 9421 with RFC 9530), attestations of a stream, receipts. All are Ed25519 of the
// browser; the private key cannot be read out of it.

import { base64, base64url, type Bytes, fromBase64url, sha256, utf8 } from "./bytes";

const ED25519 = "Ed25519";
const COVERED = ["@method", "@path", "content-digest", "authorization"];

export async function makeKeys(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"])) as CryptoKeyPair;
}

/** A public key as it travels. */
export async function publicText(key: CryptoKey): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.exportKey("raw", key)));
}

export async function signText(key: CryptoKey, text: string): Promise<string> {
  return base64url(await sign(key, text));
}

/** Whether `sig` is this key's signature over the text. False for anything else, garbage included. */
export async function verifyText(publicKey: string, text: string, sig: string): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", fromBase64url(publicKey), ED25519, false, ["verify"]);
    return await crypto.subtle.verify(ED25519, key, fromBase64url(sig), utf8(text));
  } catch {
    return false;
  }
}

export function attestationText(device: string, scope: string, n: number, hash: string): string {
  return `gongdi-stream/1\n${device}\n${scope}\n${n}\n${hash}`;
}

/** What the server signs: of each stream of its answer, by scope name, what it has. `at` exactly as in the answer. */
export function receiptText(device: string, at: string, streams: Record<string, { n: number; hash: string }>): string {
  const scopes = Object.keys(streams).sort();
  return `gongdi-receipt/1\n${device}\n${at}${scopes.map((scope) => `\n${scope} ${streams[scope]!.n} ${streams[scope]!.hash}`).join("")}`;
}

/** What this device signs of the unsent lines that it gives away in a file: `sha256` is of all of them, in hex. */
export function exportText(device: string, sha256: string): string {
  return `gongdi-export/1\n${device}\n${sha256}`;
}

export interface RequestToSign {
  method: string;
  path: string;
  body: Bytes; // as sent, compressed or not
  authorization: string;
  device: string;
  createdS: number; // server time, as far as this device knows it
  nonce: string;
}

/** The headers to add. */
export async function signRequest(key: CryptoKey, request: RequestToSign): Promise<Record<string, string>> {
  const digest = `sha-256=:${base64(await sha256(request.body))}:`;
  const parameters =
    `(${COVERED.map((name) => `"${name}"`).join(" ")});created=${request.createdS}` +
    `;keyid="${request.device}";alg="ed25519";nonce="${request.nonce}"`;
  const signature = await sign(key, signatureBase(request, digest, parameters));
  return {
    Authorization: request.authorization,
    "Content-Digest": digest,
    "Signature-Input": `sig1=${parameters}`,
    Signature: `sig1=:${base64(signature)}:`,
  };
}

export function signatureBase(request: RequestToSign, digest: string, parameters: string): string {
  const values = [request.method, request.path, digest, request.authorization];
  const lines = COVERED.map((name, i) => `"${name}": ${values[i]}`);
  return [...lines, `"@signature-params": ${parameters}`].join("\n");
}

async function sign(key: CryptoKey, text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(ED25519, key, utf8(text)));
}
