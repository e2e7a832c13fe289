import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { SecretText } from '../../protocol/secret.ts';
import type { KeyReading, KeySource } from '../../store/secrets/keyring.ts';
import { readSealingKey, type SealingKey } from '../../store/secrets/sealing-key.ts';
import type { Environment } from '../secrets/environment.ts';
import { type Fault, formatFault } from './fault.ts';
import { isReference, type LookedUp, lookUp } from './look-up.ts';
import type { Path } from './schema-tree.ts';

/** Where keys are when the configuration has no `store.key`. */
export const keysVariable = 'LOCKSTEP_KEYS';

export interface StoreKeys {
  readonly source: KeySource;
  /** Every key by itself, so that none is shown. */
  readonly secrets: readonly SecretText[];
  readonly faults: readonly Fault[];
}

/**
 * The keys of `store.key` as it is written, or of LOCKSTEP_KEYS, newest first; a text may hold several, one a line or with commas between
 * them. What a key looks like is not shown in a fault.
 */
export function readStoreKeys(written: unknown, environment: Environment): StoreKeys {
  const { reading, secrets, faults } = read(written, environment);
  const again = () => mustBeKeys(read(written, environment.readAgain()));
  return { source: { first: reading, again }, secrets, faults };
}

interface Read extends Pick<StoreKeys, 'secrets' | 'faults'> {
  readonly reading: KeyReading;
}

function mustBeKeys({ reading, faults }: Read): KeyReading {
  if (faults.length === 0) return reading;
  const details = { count: faults.length, faults: faults.map(formatFault).join('\n') };
  throw new LockstepError('config-invalid', details);
}

function read(written: unknown, environment: Environment): Read {
  const keys = new Map<string, SealingKey>();
  const secrets: SecretText[] = [];
  const faults: Fault[] = [];
  const places = placesOf(written, environment);
  for (const { path, found } of places) {
    if ('fault' in found) faults.push({ path, message: found.fault });
    else
      for (const { secret, key } of keysIn(found.text)) {
        secrets.push(secret);
        if ('fault' in key) faults.push({ path, message: key.fault });
        else if (!keys.has(key.id)) keys.set(key.id, key);
      }
  }
  const files = places.flatMap(({ found }) => found.at?.file ?? []);
  return { reading: { keys: [...keys.values()], files: [environment.envFile, ...files] }, secrets, faults };
}

function keysIn(text: string) {
  const parts = text.split(/[,\r\n]/).filter((part) => part.trim() !== '');
  return (parts.length === 0 ? [''] : parts).map((part, index) => {
    const secret = new SecretText(part.trim());
    const key = readSealingKey(secret);
    const place = parts.length > 1 ? `key ${index + 1} ` : '';
    return { secret, key: 'fault' in key ? { fault: `${place}${key.fault}` } : key };
  });
}

interface Place {
  readonly path: Path;
  readonly found: LookedUp;
}

function placesOf(written: unknown, environment: Environment): readonly Place[] {
  if (written === undefined) return placeOfVariable(environment);
  if (!Array.isArray(written)) return placeOf(written, ['store', 'key'], environment);
  return written.flatMap((item: unknown, index) => placeOf(item, ['store', 'key', index], environment));
}

function placeOf(written: unknown, path: Path, environment: Environment): readonly Place[] {
  if (isReference(written)) return [{ path, found: lookUp(written, environment) }];
  if (written instanceof SecretText) return [{ path, found: { text: written.reveal(), at: null } }];
  return typeof written === 'string' ? [{ path, found: { text: written, at: null } }] : [];
}

function placeOfVariable(environment: Environment): readonly Place[] {
  const found = lookUp({ $env: keysVariable, default: '' }, environment);
  return 'text' in found && found.at === null ? [] : [{ path: [keysVariable], found }];
}
