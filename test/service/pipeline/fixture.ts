import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createLockstep, type Lockstep } from '../../../src/index.ts';
import type { ControlStore, FencedBy, NewLetter } from '../../../src/protocol/control-store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const newKey = (): string => randomBytes(32).toString('base64');

export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: Lockstep;
  /** Another handle on the engine's control store, as a running engine in another process would have. */
  readonly store: ControlStore;
  readonly file: string;
}

const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
const common = { source: side, destination: side, collections: ['orders'] };

/** Pipelines `shop` (live) and `stock` (full) whose servers are out of reach: verbs that need the control store alone still work. */
export async function openEngineUnderTest(
  options: { readonly keys?: readonly string[] } = {},
): Promise<EngineUnderTest> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const [key, ...formerKeys] = options.keys ?? [];
  const store = key === undefined ? {} : { store: { key: [key, ...formerKeys] } };
  const pipelines = { shop: { ...common, mode: 'live' }, stock: common } as const;
  const config = { pipelines, ...store };
  const engine = opened.use(await createLockstep(config, { directory: directory.path, env: {} }));
  const file = join(directory.path, '.lockstep', 'lockstep.db');
  const handle = opened.use(await openSqliteStore({ path: file }));
  const kept = opened.move();
  return { engine, store: handle, file, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Holds the lease, as the engine that runs the pipeline does. */
export async function leaseOn(store: ControlStore, pipeline = 'shop'): Promise<FencedBy> {
  const lease = await store.leases.acquire({ pipeline, owner: 'other/1/x', durationMs: 60_000 });
  if (lease === null) throw new Error('the lease is held');
  return { pipeline, fence: lease.fence };
}

export async function release(store: ControlStore, pipeline = 'shop'): Promise<void> {
  const lease = await store.leases.get(pipeline);
  if (lease !== null) await store.leases.release(lease);
}

export const letter = (key: string, more: Partial<NewLetter> = {}): NewLetter => ({
  collection: 'orders',
  key,
  code: 'value-refused',
  message: 'too long',
  failedAtMs: 1000,
  ...more,
});

/** Puts letters as an engine would, and ends; returns their numbers. */
export async function putLetters(
  store: ControlStore,
  letters: readonly NewLetter[],
  pipeline = 'shop',
): Promise<readonly number[]> {
  const by = await leaseOn(store, pipeline);
  await store.deadLetters.put(by, letters, 1000);
  await release(store, pipeline);
  return (await store.deadLetters.list(pipeline, { limit: 1000 })).map(({ id }) => id);
}
