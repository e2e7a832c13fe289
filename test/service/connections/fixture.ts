import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createLockstep,
  type Lockstep,
  type LockstepConfig,
  type OpenSecrets,
  openSecretsOf,
  stored,
} from '../../../src/index.ts';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const password = 'planted-canary';
export const urlTo = (host: string): string => `postgres://app:${password}@${host}:5432/shop`;

/** `shop` from one stored connection into another. */
export const config: LockstepConfig = {
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: stored('shop') },
      destination: { connector: 'postgres', url: stored('reports') },
      collections: ['orders'],
    },
  },
};

export interface ConnectionsUnderTest extends AsyncDisposable {
  readonly directory: string;
  /** As another process has it. */
  readonly store: ControlStore;
  /** With these keys, newest first. */
  open(...keys: readonly string[]): Promise<OpenSecrets>;
  engine(keys: readonly string[], of?: LockstepConfig): Promise<Lockstep>;
  /** All bytes of the store. */
  bytes(): Promise<string>;
}

export async function openConnectionsUnderTest(): Promise<ConnectionsUnderTest> {
  await using opened = new AsyncDisposableStack();
  const { path: directory } = opened.use(await temporaryDirectory());
  const file = join(directory, '.lockstep', 'lockstep.db');
  const store = opened.use(await openSqliteStore({ path: file }));
  const inside = opened.use(new AsyncDisposableStack());
  const options = (keys: readonly string[]) => ({ directory, env: { LOCKSTEP_KEYS: keys.join() } });
  const kept = opened.move();
  return {
    directory,
    store,
    open: async (...keys) => inside.use(await openSecretsOf(config, options(keys))),
    engine: async (keys, of = config) => inside.use(await createLockstep(of, options(keys))),
    bytes: async () => (await readFile(file)).toString('latin1'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
