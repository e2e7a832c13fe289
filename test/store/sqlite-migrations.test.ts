import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { first } from '../../src/store/sqlite/migrations/001-first.ts';
import { applicationId } from '../../src/store/sqlite/migrations/migrate.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreDirectory } from './sqlite-fixture.ts';

test('a store of the first version keeps its letters, as parked ones, and knows the newest number', async () => {
  using directory = new StoreDirectory();
  mkdirSync(dirname(directory.file));
  const database = new DatabaseSync(directory.file);
  database.exec(`${first};
    INSERT INTO dead_letters VALUES (7, 'shop', 'users', '["1"]', 'value-refused', 'm', 2, 10, 20);
    PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`);
  database.close();
  await using store = await openSqliteStore({ path: directory.file });
  expect(await store.deadLetters.list('shop', { limit: 10 })).toMatchObject([
    { id: 7, attempts: 2, state: 'parked', until: null, sealed: null },
  ]);
  expect(await store.deadLetters.newest('shop')).toBe(7);
  expect(await store.requests.open('shop')).toEqual([]);
  expect(await store.connections.list()).toEqual([]);
});
