import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { begun, collection, feedFor, Reading } from './support.ts';

test.for(['at once', 'streamed'])(
  'a row above the limit is a touch of its key, and without its key its collection is compared, before its transaction is over: %s',
  async (how) => {
    await using db = await createTestDatabase();
    if (how === 'streamed')
      await db.query(`ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
    await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE behind (v text, id int PRIMARY KEY);
      ALTER TABLE t ALTER v SET STORAGE EXTERNAL; ALTER TABLE behind ALTER v SET STORAGE EXTERNAL`);
    await using feed = await feedFor(db.url, { maxRowBytes: 200_000 });
    const collections = [collection('t', ['id', 'v']), collection('behind', ['id', 'v'])];
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    await db.query(`BEGIN; INSERT INTO t VALUES (1, 'small'), (2, repeat('x', 3000000));
      UPDATE t SET v = repeat('y', 3000000) WHERE id = 1; UPDATE t SET id = 3, v = repeat('z', 3000000) WHERE id = 2;
      INSERT INTO behind VALUES (repeat('x', 3000000), 1); INSERT INTO t VALUES (4, 'small'); COMMIT`);
    await reading.until(() =>
      reading.items.some(
        (item) => item.kind === 'batch' && item.changes.length > 0 && item.boundary !== null,
      ),
    );
    expect(reading.changes.map(({ kind, key }) => [kind, key])).toEqual([
      ['insert', '["1"]'],
      ['touch', '["2"]'],
      ['touch', '["1"]'],
      ['touch', '["2"]'],
      ['touch', '["3"]'],
      ['insert', '["4"]'],
    ]);
    const kinds = reading.items.map((item) =>
      item.kind === 'batch' ? item.changes.length > 0 && item.boundary !== null : item.kind,
    );
    expect(reading.items[kinds.indexOf('barrier')]).toMatchObject({
      collections: ['behind'],
      event: { kind: 'compare' },
      boundary: null,
    });
    // Whoever dies behind the transaction must not have passed what it leaves out.
    expect(kinds.slice(0, kinds.indexOf('barrier'))).not.toContain(true);
  },
);
