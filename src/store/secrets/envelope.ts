import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { keyIdBytes, type SealingKey } from './sealing-key.ts';

/**
 * What sealed bytes are for, authenticated with them: bytes that were sealed for one purpose are damaged bytes for every other, so that whoever
 * can write the store can't pass one thing off as another. The parts need not be stored with the bytes.
 */
export interface Purpose {
  readonly kind: 'dead letter' | 'connection';
  /** Which one: where it lies. */
  readonly of: readonly string[];
}

/** What opening gave. Nothing of it holds a key or what was sealed, but `bytes`. */
export type Opened =
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  | { readonly kind: 'key-unknown'; readonly keyId: string }
  | { readonly kind: 'damaged'; readonly detail: string };

/**
 * Of the stored form: version (1), key id (8), nonce (12), sealed bytes, tag (16); AES-256-GCM. Authenticated beside it are the first two and
 * the purpose. Version 1 had no purpose and was for dead letters alone.
 */
const version = 2;
const withoutPurpose = 1;
/** So much of the stored form says which key sealed it. */
export const headBytes = 1 + keyIdBytes;
const nonceBytes = 12;
const tagBytes = 16;
const cipherName = 'aes-256-gcm';

export function sealWith(key: SealingKey, bytes: Uint8Array, purpose: Purpose): Uint8Array {
  const head = Buffer.concat([Buffer.of(version), Buffer.from(key.id, 'hex')]);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key.secret, nonce, { authTagLength: tagBytes });
  cipher.setAAD(authenticated(head, purpose));
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return new Uint8Array(Buffer.concat([head, nonce, body, cipher.getAuthTag()]));
}

/** Who sealed it, and whether in the newest form; null: it is nothing that we sealed. */
export function readHead(sealed: Uint8Array): { readonly keyId: string; readonly isNewest: boolean } | null {
  const [known] = sealed;
  if (sealed.length < headBytes || (known !== version && known !== withoutPurpose)) return null;
  return {
    keyId: Buffer.from(sealed.subarray(1, headBytes)).toString('hex'),
    isNewest: known === version,
  };
}

export function openWith(keys: readonly SealingKey[], sealed: Uint8Array, purpose: Purpose): Opened {
  const head = readHead(sealed);
  if (head === null || sealed.length < headBytes + nonceBytes + tagBytes)
    return { kind: 'damaged', detail: 'it is too short, or of a version that is not known' };
  const key = keys.find(({ id }) => id === head.keyId);
  if (key === undefined) return { kind: 'key-unknown', keyId: head.keyId };
  if (sealed[0] === withoutPurpose && purpose.kind !== 'dead letter')
    return { kind: 'damaged', detail: 'it was sealed as something else' };
  return decipher(key, Buffer.from(sealed), purpose);
}

function decipher(key: SealingKey, sealed: Buffer, purpose: Purpose): Opened {
  const head = sealed.subarray(0, headBytes);
  const body = sealed.subarray(headBytes + nonceBytes, -tagBytes);
  const nonce = sealed.subarray(headBytes, headBytes + nonceBytes);
  const opening = createDecipheriv(cipherName, key.secret, nonce, { authTagLength: tagBytes })
    .setAAD(head[0] === withoutPurpose ? head : authenticated(head, purpose))
    .setAuthTag(sealed.subarray(-tagBytes));
  try {
    return {
      kind: 'opened',
      bytes: new Uint8Array(Buffer.concat([opening.update(body), opening.final()])),
    };
  } catch {
    // Node says no more than that it does not fit.
    return { kind: 'damaged', detail: 'its seal is broken' };
  }
}

const authenticated = (head: Uint8Array, { kind, of }: Purpose): Buffer =>
  Buffer.concat([head, Buffer.from(JSON.stringify([kind, ...of]), 'utf8')]);
