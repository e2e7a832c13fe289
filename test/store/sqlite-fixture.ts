import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlStore } from '../../src/protocol/control-store.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { openSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite/open.ts';
import type { StoreUnderTest } from '../conformance/control-store.ts';

/** A directory of this test's own, gone when it ends. */
export class StoreDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'lockstep-store-'));
  readonly file = join(this.path, 'state', 'lockstep.db');

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A place for a store, for processes of a test's own. */
export async function sqlitePlace(): Promise<AsyncDisposable & { readonly place: string }> {
  const directory = new StoreDirectory();
  return { place: directory.file, [Symbol.asyncDispose]: async () => directory[Symbol.dispose]() };
}

/** Time that passes when the test says so. */
export class ManualClock {
  #nowMs = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#nowMs;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }
}

export async function openStoreUnderTest(): Promise<
  StoreUnderTest & { readonly file: string; readonly clock: ManualClock }
> {
  const directory = new StoreDirectory();
  const clock = new ManualClock();
  const handles: ControlStore[] = [];
  const open = async (): Promise<ControlStore> => {
    const handle = await openSqliteStore({ path: directory.file, clock });
    handles.push(handle);
    return handle;
  };
  return {
    file: directory.file,
    clock,
    store: await open(),
    reopen: open,
    passTime: async (ms) => clock.pass(ms),
    [Symbol.asyncDispose]: async () => {
      for (const handle of handles) await handle[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** The error of opening, or a failure of the test. */
export const openingError = (options: SqliteStoreOptions): Promise<LockstepError> =>
  errorOf(openSqliteStore(options));

export async function errorOf(work: Promise<unknown>): Promise<LockstepError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof LockstepError) return thrown;
  throw new Error('expected a LockstepError', { cause: thrown });
}
