import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { SqliteDatabase } from '../../src/store/sqlite/database.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { openingError, StoreDirectory } from './sqlite-fixture.ts';
import { runStoreProcess } from './store-process.ts';

const rights = (path: string): number => statSync(path).mode & 0o777;

describe('opening a SQLite store', () => {
  test('makes directory and file for this user only, and nothing beside the file', async () => {
    using directory = new StoreDirectory();
    await using store = await openSqliteStore({ path: directory.file });
    const lease = await store.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs: 5000 });
    await store.checkpoints.save({ pipeline: 'shop', fence: lease?.fence ?? 0 }, [
      { space: 's', name: 'n', value: 1 },
    ]);
    expect(rights(dirname(directory.file))).toBe(0o700);
    expect(rights(directory.file)).toBe(0o600);
    expect(readdirSync(dirname(directory.file))).toEqual(['lockstep.db']);
  });

  test('takes an empty file as new: an earlier start may have died there', async () => {
    using directory = new StoreDirectory();
    mkdirSync(dirname(directory.file));
    writeFileSync(directory.file, '');
    await using store = await openSqliteStore({ path: directory.file });
    expect(store.storeId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('commits with synchronous EXTRA and a rollback journal', async () => {
    using directory = new StoreDirectory();
    await (await openSqliteStore({ path: directory.file }))[Symbol.asyncDispose]();
    using database = new SqliteDatabase(directory.file);
    await database.configure();
    expect(database.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 3 });
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    expect(database.prepare('PRAGMA foreign_keys').get()).toEqual({ foreign_keys: 1 });
  });

  test('turns a store that a tool left in WAL mode back into one file', async () => {
    using directory = new StoreDirectory();
    await (await openSqliteStore({ path: directory.file }))[Symbol.asyncDispose]();
    execute(directory.file, 'PRAGMA journal_mode = WAL');
    await using store = await openSqliteStore({ path: directory.file });
    await store.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs: 5000 });
    expect(readdirSync(dirname(directory.file))).toEqual(['lockstep.db']);
  });

  test('is stopped by its signal', async () => {
    using directory = new StoreDirectory();
    const signal = AbortSignal.abort(new Error('SIGINT'));
    expect(await openingError({ path: directory.file, signal })).toMatchObject({ code: 'interrupted' });
  });

  test('by eight processes at once makes one store', async () => {
    using directory = new StoreDirectory();
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => runStoreProcess('open', directory.file)),
    );
    expect(opened[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(opened).size).toBe(1);
  });
});

describe('a file that is no usable store is refused and left as it is', () => {
  test.each([
    ['another application’s database', 'CREATE TABLE t (a); PRAGMA user_version = 3', 'another application'],
    ['a marked database of another application', 'PRAGMA application_id = 7', 'another application'],
  ])('%s', async (_, sql, detail) => {
    using directory = new StoreDirectory();
    mkdirSync(dirname(directory.file));
    execute(directory.file, sql);
    await expectRefusal(directory.file, detail);
  });

  test('a newer version', async () => {
    using directory = new StoreDirectory();
    await (await openSqliteStore({ path: directory.file }))[Symbol.asyncDispose]();
    execute(directory.file, 'PRAGMA user_version = 99');
    await expectRefusal(directory.file, 'a newer Lockstep made it (version 99');
  });

  test('a file that is no database', async () => {
    using directory = new StoreDirectory();
    mkdirSync(dirname(directory.file));
    writeFileSync(directory.file, 'name,city\n'.repeat(1000));
    await expectRefusal(directory.file, 'not a Lockstep store');
  });

  test('a damaged store', async () => {
    using directory = new StoreDirectory();
    await (await openSqliteStore({ path: directory.file }))[Symbol.asyncDispose]();
    const bytes = readFileSync(directory.file);
    bytes.fill(0xa5, 8192, 20_480);
    writeFileSync(directory.file, bytes);
    await expectRefusal(directory.file, 'damaged');
  });

  test('a directory, or a path below a file', async () => {
    using directory = new StoreDirectory();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(await openingError({ path: directory.path })).toMatchObject({ code: 'store-unusable' });
    expect(await openingError({ path: join(file, 'lockstep.db') })).toMatchObject({ code: 'store-unusable' });
  });
});

async function expectRefusal(path: string, detail: string): Promise<void> {
  const before = readFileSync(path);
  const error = await openingError({ path });
  expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
  expect(error.message).toContain(detail);
  expect(readFileSync(path).equals(before)).toBe(true);
}

function execute(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
