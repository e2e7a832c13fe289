import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Row } from '../../protocol/value.ts';
import { rowFromJson, rowToJson } from './row-json.ts';
import { keyIdBytes, type SealingKey } from './sealing-key.ts';

/** Keeps rows of dead letters unreadable to whoever only has the control store. */
export interface Sealer {
  /** Null without a key: then nothing of the row is kept. */
  seal(row: Row): Uint8Array | null;
  /** `letter-key-unknown` when none of the keys sealed it, `letter-damaged` when it is not what was sealed. */
  open(bytes: Uint8Array): Row;
}

/** Of the stored form: version (1), key id (8), nonce (12), sealed JSON, tag (16). The first two are authenticated too. */
const version = 1;
const headBytes = 1 + keyIdBytes;
const nonceBytes = 12;
const tagBytes = 16;
const cipherName = 'aes-256-gcm';

/** The first key seals; all open. */
export function createSealer(keys: readonly SealingKey[]): Sealer {
  const [newest] = keys;
  return {
    seal: (row) => (newest === undefined ? null : sealWith(newest, row)),
    open: (bytes) => openWith(keys, Buffer.from(bytes)),
  };
}

function sealWith(key: SealingKey, row: Row): Uint8Array {
  const head = Buffer.concat([Buffer.of(version), key.id]);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(cipherName, key.bytes, nonce, { authTagLength: tagBytes }).setAAD(head);
  const body = Buffer.concat([cipher.update(rowToJson(row), 'utf8'), cipher.final()]);
  return new Uint8Array(Buffer.concat([head, nonce, body, cipher.getAuthTag()]));
}

function openWith(keys: readonly SealingKey[], bytes: Buffer): Row {
  if (bytes.length < headBytes + nonceBytes + tagBytes || bytes[0] !== version)
    throw damaged('it is too short, or of a version that is not known');
  const head = bytes.subarray(0, headBytes);
  const id = head.subarray(1);
  const key = keys.find((candidate) => candidate.id.equals(id));
  if (key === undefined) throw new LockstepError('letter-key-unknown', { keyId: id.toString('hex') });
  return decipher(key, head, bytes.subarray(headBytes));
}

function decipher(key: SealingKey, head: Buffer, rest: Buffer): Row {
  const nonce = rest.subarray(0, nonceBytes);
  const body = rest.subarray(nonceBytes, rest.length - tagBytes);
  const opening = createDecipheriv(cipherName, key.bytes, nonce, { authTagLength: tagBytes })
    .setAAD(head)
    .setAuthTag(rest.subarray(rest.length - tagBytes));
  try {
    return rowFromJson(Buffer.concat([opening.update(body), opening.final()]).toString('utf8'));
  } catch (thrown) {
    // A parser's message would quote the row.
    throw new LockstepError('letter-damaged', { detail: 'its seal is broken' }, { cause: thrown });
  }
}

const damaged = (detail: string): LockstepError => new LockstepError('letter-damaged', { detail });
