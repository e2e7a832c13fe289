import { SecretText } from '../../protocol/secret.ts';
import { newKeyText, readSealingKey } from '../../store/secrets/sealing-key.ts';

/** A fresh key for `store.key` or LOCKSTEP_KEYS, and the id that everything sealed with it will name. */
export function newKey(): { readonly key: string; readonly id: string } {
  const key = newKeyText();
  const read = readSealingKey(new SecretText(key));
  if ('fault' in read) throw new TypeError(read.fault);
  return { key, id: read.id };
}
