import { createHash } from 'node:crypto';
import type { SecretText } from '../../protocol/secret.ts';

export const keyIdBytes = 8;

/** A key of the control store and the id under which sealed rows name it; the id tells nothing about the key. */
export interface SealingKey {
  readonly id: Buffer;
  readonly bytes: Buffer;
}

const hex = /^[0-9a-f]{64}$/i;
const base64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/** Null: it is not 32 bytes, as base64 (url-safe or not) or hex. */
export function readSealingKey(secret: SecretText): SealingKey | null {
  const text = secret.reveal().trim();
  const bytes = bytesOf(text);
  if (bytes === null || bytes.length !== 32) return null;
  const id = createHash('sha256').update('lockstep key id').update(bytes).digest().subarray(0, keyIdBytes);
  return { id, bytes };
}

function bytesOf(text: string): Buffer | null {
  if (hex.test(text)) return Buffer.from(text, 'hex');
  return base64.test(text) ? Buffer.from(text, 'base64') : null;
}
