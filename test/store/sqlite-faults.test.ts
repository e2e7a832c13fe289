import { copyFileSync, cpSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/store/sqlite/clock.ts';
import { SqliteDatabase } from '../../src/store/sqlite/database.ts';
import { createStoreFile } from '../../src/store/sqlite/file.ts';
import { migrate } from '../../src/store/sqlite/migrations/migrate.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { durationMs, leaseOn, pipeline } from '../conformance/control-store/store-under-test.ts';
import { errorOf, openStoreUnderTest, StoreDirectory } from './sqlite-fixture.ts';

const entry = (value: number | string) => [{ space: 's', name: 'n', value }];

describe('a full disk', () => {
  test('refuses the save as transient, keeps what was, stays readable, and goes on with room', async () => {
    using directory = new StoreDirectory();
    createStoreFile(directory.file);
    const database = new SqliteDatabase(directory.file);
    await migrate(database);
    await using store = await createSqliteStore(database, systemClock);
    const { fence } = await leaseOn(store);
    await store.checkpoints.save({ pipeline, fence }, entry('before'));
    database.execute('PRAGMA max_page_count = 1'); // Means: as large as it is now.
    const large = store.checkpoints.save({ pipeline, fence }, entry('x'.repeat(100_000)));
    expect(await errorOf(large)).toMatchObject({
      code: 'store-unusable',
      class: 'transient',
      exit: 'failed',
    });
    expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe('before');
    database.execute('PRAGMA max_page_count = 100000');
    await store.checkpoints.save({ pipeline, fence }, entry('after'));
    expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe('after');
  });
});

describe('a lock that another program holds', () => {
  test('is waited for while the event loop runs on', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    const other = new DatabaseSync(under.file);
    other.exec('BEGIN EXCLUSIVE');
    const saving = under.store.checkpoints.save({ pipeline, fence }, entry(1));
    await expectWaiting(saving);
    other.exec('COMMIT');
    await saving;
    other.close();
    expect(await under.store.checkpoints.get(pipeline, 's', 'n')).toBe(1);
  });

  test('is waited for by who opens the store', async () => {
    await using under = await openStoreUnderTest();
    const other = new DatabaseSync(under.file);
    other.exec('BEGIN EXCLUSIVE');
    const opening = openSqliteStore({ path: under.file });
    await expectWaiting(opening);
    other.exec('COMMIT');
    await using late = await opening;
    other.close();
    expect(late.storeId).toBe(under.store.storeId);
  });

  test('that does not go away is store-unusable, transient', async () => {
    await using under = await openStoreUnderTest();
    await using impatient = await openSqliteStore({ path: under.file, lockWaitMs: 200 });
    const { fence } = await leaseOn(impatient);
    const other = new DatabaseSync(under.file);
    other.exec('BEGIN EXCLUSIVE');
    const error = await errorOf(impatient.checkpoints.save({ pipeline, fence }, entry(1)));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'transient' });
    expect(error.message).toContain('another process holds its lock');
    other.close();
    await impatient.checkpoints.save({ pipeline, fence }, entry(2));
  });

  test('of a reader in the middle of our commit only delays it', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    const other = new DatabaseSync(under.file);
    other.exec('BEGIN; SELECT * FROM store');
    let released = false;
    setTimeout(() => {
      other.exec('COMMIT');
      released = true;
    }, 300);
    await under.store.checkpoints.save({ pipeline, fence }, entry(1));
    expect(released).toBe(true);
    other.close();
    expect(await under.store.checkpoints.get(pipeline, 's', 'n')).toBe(1);
  });
});

describe('a store that is lost or replaced', () => {
  test('removed while it is open: nothing is written or read any more; opened anew it is another store', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    rmSync(under.file);
    const error = await errorOf(under.store.checkpoints.save({ pipeline, fence }, entry(1)));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(error.message).toContain('removed or replaced');
    expect(await errorOf(under.store.checkpoints.get(pipeline, 's', 'n'))).toMatchObject({
      code: 'store-unusable',
    });
    expect((await under.reopen()).storeId).not.toBe(under.store.storeId);
  });

  test('replaced by an older copy while it is open: nothing is written any more', async () => {
    await using under = await openStoreUnderTest();
    const lease = await leaseOn(under.store);
    copyFileSync(under.file, `${under.file}.copy`);
    await under.store.checkpoints.save({ pipeline, fence: lease.fence }, entry('newer'));
    renameSync(`${under.file}.copy`, under.file);
    const save = under.store.checkpoints.save({ pipeline, fence: lease.fence }, entry('late'));
    expect(await errorOf(save)).toMatchObject({ code: 'store-unusable' });
    expect(await (await under.reopen()).checkpoints.get(pipeline, 's', 'n')).toBeUndefined();
  });

  test('an older copy from before the lease, written into the open file: the fence is lower, writes are refused', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store);
    copyFileSync(under.file, `${under.file}.copy`);
    const { fence } = await leaseOn(under.store);
    copyFileSync(`${under.file}.copy`, under.file);
    const save = under.store.checkpoints.save({ pipeline, fence }, entry('late'));
    expect(await errorOf(save)).toMatchObject({ code: 'fence-lost' });
  });

  test('restored while nobody runs: the same id, and a fence below what the destination saw until `atLeast` lifts it', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store);
    const { storeId } = under.store;
    await under.store[Symbol.asyncDispose]();
    copyFileSync(under.file, `${under.file}.copy`);
    const later = await under.reopen();
    const seen = (await leaseOn(later)).fence;
    await later[Symbol.asyncDispose]();
    cpSync(`${under.file}.copy`, under.file);
    const restored = await under.reopen();
    expect(restored.storeId).toBe(storeId);
    expect((await restored.leases.get(pipeline))?.fence).toBeLessThan(seen);
    const lifted = await restored.leases.acquire({ pipeline, owner: 'node-a', durationMs, atLeast: seen });
    expect(lifted?.fence).toBe(seen + 1);
  });

  test('closed: says so', async () => {
    await using under = await openStoreUnderTest();
    await under.store[Symbol.asyncDispose]();
    const error = await errorOf(under.store.leases.get(pipeline));
    expect(error.message).toContain('it was closed');
  });
});

describe('a clock that jumps', () => {
  test('back: a dead owner’s lease lasts at most one duration longer', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store, 'node-a');
    under.clock.pass(-3_600_000);
    const asked = { pipeline, owner: 'node-b', durationMs };
    expect(await under.store.leases.acquire(asked)).toBeNull();
    under.clock.pass(durationMs + 1);
    expect(await under.store.leases.acquire(asked)).not.toBeNull();
  });

  test('forward: the lease goes to another, and the old owner’s writes are refused', async () => {
    await using under = await openStoreUnderTest();
    const old = await leaseOn(under.store, 'node-a');
    under.clock.pass(3_600_000);
    await leaseOn(under.store, 'node-b');
    const save = under.store.checkpoints.save({ pipeline, fence: old.fence }, entry(1));
    expect(await errorOf(save)).toMatchObject({ code: 'fence-lost' });
  });
});

describe('what is kept', () => {
  test('a fence beyond the integers that can be told apart is refused', async () => {
    await using under = await openStoreUnderTest();
    const request = { pipeline, owner: 'node-a', durationMs, atLeast: Number.MAX_SAFE_INTEGER };
    expect(await errorOf(under.store.leases.acquire(request))).toMatchObject({ code: 'internal' });
    expect(await under.store.leases.get(pipeline)).toBeNull();
    const below = await under.store.leases.acquire({ ...request, atLeast: Number.MAX_SAFE_INTEGER - 1 });
    expect(below?.fence).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('the newest 1,000 runs of a pipeline', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    const seed = new DatabaseSync(under.file);
    seed.exec(`
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
      INSERT INTO runs (pipeline, kind, started_at_ms, result, summary)
      SELECT '${pipeline}', 'run', i, 'equal', 'null' FROM n`);
    seed.close();
    const id = await under.store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 5000 });
    const kept = await under.store.runs.list(pipeline, 5000);
    expect(kept).toHaveLength(1000);
    expect(kept[0]?.id).toBe(id);
  });
});

/** The event loop has turned many times, and it is still not done. */
async function expectWaiting(work: Promise<unknown>): Promise<void> {
  let done = false;
  const settled = (): void => {
    done = true;
  };
  work.then(settled, settled);
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(done).toBe(false);
}
