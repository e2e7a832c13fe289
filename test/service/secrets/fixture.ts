import { join } from 'node:path';
import { createLockstep, type Lockstep, SecretText } from '../../../src/index.ts';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { createSealer } from '../../../src/service/letters/seal.ts';
import { Keyring } from '../../../src/store/secrets/keyring.ts';
import { newKeyText, readSealingKey, type SealingKey } from '../../../src/store/secrets/sealing-key.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { leaseOn, letter, release } from '../pipeline/fixture.ts';

export const newKey = newKeyText;

export function keyOf(text: string): SealingKey {
  const key = readSealingKey(new SecretText(text));
  if ('fault' in key) throw new Error(key.fault);
  return key;
}

export const keyIdOf = (text: string): string => keyOf(text).id;

/** The row of a letter of `shop`, as an engine with this key seals it. */
export const sealedWith = (key: string, of: string, pipeline = 'shop'): Uint8Array | null =>
  createSealer(Keyring.of([keyOf(key)])).seal(rowOf(of), { pipeline, collection: 'orders', key: of });

export const rowOf = (key: string) => ({ id: key, name: `planted-${key}` });

export interface SecretsUnderTest extends AsyncDisposable {
  readonly directory: string;
  readonly storeFile: string;
  /** As another process has it. */
  readonly store: ControlStore;
  /** An engine with these keys, newest first. */
  engine(...keys: readonly string[]): Promise<Lockstep>;
}

const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
const live = { mode: 'live', source: side, destination: side, collections: ['orders'] } as const;

export async function openSecretsUnderTest(): Promise<SecretsUnderTest> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const storeFile = join(directory.path, '.lockstep', 'lockstep.db');
  const store = opened.use(await openSqliteStore({ path: storeFile }));
  const engines = opened.use(new AsyncDisposableStack());
  const kept = opened.move();
  return {
    directory: directory.path,
    storeFile,
    store,
    engine: async (...keys) => {
      const env = { LOCKSTEP_KEYS: keys.join(',') };
      return engines.use(
        await createLockstep({ pipelines: { shop: live } }, { directory: directory.path, env }),
      );
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Letters with these keys, sealed as they are. */
export async function putSealed(
  store: ControlStore,
  letters: Readonly<Record<string, Uint8Array | null>>,
  pipeline = 'shop',
): Promise<void> {
  const by = await leaseOn(store, pipeline);
  const all = Object.entries(letters).map(([key, sealed]) => letter(key, { sealed }));
  for (let from = 0; from < all.length; from += 500)
    await store.deadLetters.put(by, all.slice(from, from + 500), 100_000);
  await release(store, pipeline);
}
