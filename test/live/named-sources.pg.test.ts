import { expect, test } from 'vitest';
import { compareTables } from '../support/export.ts';
import { openLivePair } from './live-pair.ts';

test.each(['logical', 'triggers'] as const)(
  'with %s, several entries read one collection, each in its own way, and the keys are told',
  async (capture) => {
    await using pair = await openLivePair({ capture });
    await pair.source.query(
      `CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, admin boolean NOT NULL);
       INSERT INTO users SELECT n, 'user ' || n, n % 10 = 0 FROM generate_series(1, 500) n`,
    );
    await pair.target.query(
      'CREATE TABLE people (id int PRIMARY KEY, name text); CREATE TABLE admins (id int PRIMARY KEY)',
    );
    await using running = await pair.start({
      collections: {
        everybody: { source: 'users', target: 'people', columns: ['id', 'name'] },
        admins: { source: 'users', columns: ['id'], filter: 'admin' },
      },
    });
    await pair.source.query(
      `UPDATE users SET admin = NOT admin, name = 'new ' || id WHERE id <= 10; DELETE FROM users WHERE id = 20; INSERT INTO users VALUES (600, 'x', true)`,
    );
    const same = (query: string, actual: string) =>
      compareTables(
        { url: pair.source.url, query, key: ['id'] },
        { url: pair.target.url, query: actual, key: ['id'] },
      );
    const everybody = () => same('SELECT id, name FROM users', 'SELECT * FROM people');
    const admins = () => same('SELECT id FROM users WHERE admin', 'SELECT * FROM admins');
    await running.until(
      'both targets follow',
      async () => (await everybody()).equal && (await admins()).equal,
    );
    expect([(await everybody()).rows, (await admins()).rows]).toEqual([500, 58]);
    const keysOf = (collection: string, effect: 'inserted' | 'updated' | 'left') =>
      (running.told['keys.applied'] ?? [])
        .filter((event) => event.collection.endsWith(collection))
        .flatMap((event) => event.keysOf(effect));
    expect(keysOf('people', 'inserted')).toEqual(['["600"]']);
    expect(keysOf('people', 'left')).toEqual(['["20"]']);
    expect(keysOf('people', 'updated')).toHaveLength(10);
    expect(keysOf('admins', 'inserted').toSorted()).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 600].map((id) => `["${id}"]`).toSorted(),
    );
    expect(keysOf('admins', 'left').toSorted()).toEqual(['["10"]', '["20"]']);
  },
);
