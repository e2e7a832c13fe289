import { SecretText } from '../../protocol/secret.ts';
import { readSealingKey, type SealingKey } from '../letters/sealing-key.ts';
import type { Fault } from './fault.ts';

type Written = string | SecretText;

/** The keys of `store.key`, newest first. What a key looks like is not shown in a fault. */
export function readStoreKeys(written: Written | readonly Written[] | undefined): {
  readonly keys: readonly SealingKey[];
  readonly faults: readonly Fault[];
} {
  const keys: SealingKey[] = [];
  const faults: Fault[] = [];
  const all = written === undefined ? [] : isOne(written) ? [written] : written;
  for (const [index, text] of all.entries()) {
    const key = readSealingKey(text instanceof SecretText ? text : new SecretText(text));
    const path = isOne(written) ? ['store', 'key'] : ['store', 'key', index];
    if (key !== null) keys.push(key);
    else
      faults.push({
        path,
        message: 'must be 32 bytes as base64 or hex, for example from `openssl rand -base64 32`',
      });
  }
  return { keys, faults };
}

const isOne = (written: unknown): written is Written =>
  typeof written === 'string' || written instanceof SecretText;
