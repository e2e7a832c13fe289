import { expect } from 'vitest';
import type { ControlStore, Lease } from '../../../src/protocol/control-store.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import type { Key } from '../../../src/protocol/names.ts';

/** A store of its own, with nothing in it; disposing of it closes every handle and removes the data. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: ControlStore;
  /** Another handle on the same data, as another process would have. */
  reopen(): Promise<ControlStore>;
  /** Lets leases age. */
  passTime(ms: number): Promise<void>;
}

export type OpenStore = () => Promise<StoreUnderTest>;

export const pipeline = 'shop';
export const durationMs = 5000;

export async function leaseOn(store: ControlStore, owner = 'node-a', name = pipeline): Promise<Lease> {
  const lease = await store.leases.acquire({ pipeline: name, owner, durationMs });
  if (lease === null) throw new Error(`${owner} did not get the lease of ${name}`);
  return lease;
}

export async function expectFenceLost(work: Promise<unknown>): Promise<void> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(LockstepError);
  expect(thrown).toMatchObject({ code: 'fence-lost' });
}

export async function* pagesOf(...pages: readonly (readonly Key[])[]): AsyncIterable<readonly Key[]> {
  yield* pages;
}

export async function collectKeys(pages: AsyncIterable<readonly Key[]>): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for await (const page of pages) keys.push(...page);
  return keys;
}
