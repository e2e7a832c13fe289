import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { SecretText } from '../../protocol/secret.ts';

export const keyIdBytes = 8;
const keyBytes = 32;

/** A key and the id under which what it sealed names it; the id tells nothing about the key. */
export interface SealingKey {
  /** Hexadecimal. */
  readonly id: string;
  /** Not as bytes: those would be seen wherever an object is printed. */
  readonly secret: KeyObject;
}

const hex = /^[0-9a-f]+$/i;
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Or what is wrong with it, without a character of it. */
export function readSealingKey(text: SecretText): SealingKey | { readonly fault: string } {
  const bytes = bytesOf(text.reveal().trim());
  if (bytes === null) return { fault: `must be ${wanted}` };
  if (bytes.length !== keyBytes) return { fault: `must be ${wanted}; it is ${bytes.length} bytes` };
  const id = createHash('sha256').update('lockstep key id').update(bytes).digest('hex');
  return { id: id.slice(0, 2 * keyIdBytes), secret: createSecretKey(bytes) };
}

/** A fresh key, as it is written into a configuration. */
export const newKeyText = (): string => randomBytes(keyBytes).toString('base64');

const wanted = '32 bytes as base64 or hex, for example from `lockstep secrets generate`';

function bytesOf(text: string): Buffer | null {
  if (hex.test(text) && text.length % 2 === 0) return Buffer.from(text, 'hex');
  return base64.test(text) ? Buffer.from(text, 'base64') : null;
}
