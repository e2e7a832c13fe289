import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { never } from '../support.ts';
import { followFeed, openFeed } from './feed-under-test.ts';

const partitioned = `CREATE TABLE items (id int, region text, v int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
  CREATE TABLE items_eu PARTITION OF items FOR VALUES IN ('eu');
  CREATE TABLE items_us PARTITION OF items FOR VALUES IN ('us') PARTITION BY RANGE (id);
  CREATE TABLE items_us_1 PARTITION OF items_us FOR VALUES FROM (0) TO (1000)`;
const collections = [{ name: 'items', source: 'items', key: ['id', 'region'], columns: null }];

test('table partitions: writes to the root, to a branch, to a leaf, and from one to another', async () => {
  await using db = await createTestDatabase();
  await db.query(partitioned);
  await using feed = await followFeed(db.url, { collections });
  await db.query(`INSERT INTO items VALUES (1, 'eu'), (2, 'us'); INSERT INTO items_eu VALUES (3, 'eu');
    INSERT INTO items_us VALUES (4, 'us'); INSERT INTO items_us_1 VALUES (5, 'us')`);
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["1","eu"]', '["2","us"]', '["3","eu"]', '["4","us"]', '["5","us"]']);
  feed.told.length = 0;
  await db.query(`UPDATE items SET region = 'us' WHERE id = 1; DELETE FROM items_us_1 WHERE id = 5`);
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["1","eu"]', '["1","us"]', '["5","us"]']);
  expect(feed.news()).toEqual([]);
});

test('a table partition that is attached gets triggers and a gap, and so does one that is detached', async () => {
  await using db = await createTestDatabase({ version: 17 });
  await db.query(
    `${partitioned}; CREATE TABLE items_asia (LIKE items INCLUDING ALL); INSERT INTO items_asia VALUES (7, 'asia')`,
  );
  await using feed = await followFeed(db.url, { collections });
  await db.query(`ALTER TABLE items ATTACH PARTITION items_asia FOR VALUES IN ('asia')`);
  await feed.until(() => feed.news().length === 2, 'barrier and gap');
  expect(feed.news()).toEqual([
    'shape: public.items_asia became a part of it',
    'gap of items: public.items: public.items_asia became a part of it',
  ]);
  await db.query(`INSERT INTO items_asia VALUES (8, 'asia')`);
  await feed.caughtUp();
  expect(feed.keys()).toContain('["8","asia"]');
  await db.query('ALTER TABLE items DETACH PARTITION items_asia');
  await feed.until(() => feed.news().length === 4, 'barrier and gap');
  expect(feed.news()[3]).toBe('gap of items: public.items: public.items_asia is no part of it any more');
});

test('TRUNCATE is a barrier in its place, once for all table partitions, and no gap', async () => {
  await using db = await createTestDatabase();
  await db.query(partitioned);
  await using feed = await followFeed(db.url, { collections });
  await db.query(`INSERT INTO items VALUES (1, 'eu')`);
  await db.query('TRUNCATE items');
  await db.query(`INSERT INTO items VALUES (2, 'us')`);
  await feed.caughtUp();
  const order = feed.told.flatMap((item) =>
    item.kind === 'batch' ? item.changes.map(({ key }) => key) : [item.kind],
  );
  expect(order).toEqual(['["1","eu"]', 'barrier', '["2","us"]']);
  // The catalogue is looked at again, which shows by what else it has: of the truncate there is nothing to tell.
  await db.query('ALTER TABLE items ADD COLUMN phone text');
  await feed.until(() => feed.news().length > 1, 'the new column');
  expect(feed.news()).toEqual([
    'truncate: the table was emptied by TRUNCATE',
    'shape: column phone text was added',
  ]);
});

const shapes: readonly (readonly [string, string, readonly string[]])[] = [
  ['a new column', 'ALTER TABLE items ADD COLUMN phone text', ['shape: column phone text was added']],
  ['a dropped column', 'ALTER TABLE items DROP COLUMN v', ['shape: column v integer was dropped']],
  [
    'a renamed column',
    'ALTER TABLE items RENAME COLUMN v TO w',
    ['shape: column v integer is w integer now'],
  ],
  [
    'a rewritten column',
    'ALTER TABLE items ALTER COLUMN v TYPE bigint',
    [
      'shape: column v integer is v bigint now',
      'shape: public.items was written anew',
      'gap of items: public.items: public.items was written anew',
    ],
  ],
  [
    'a dropped trigger',
    'DROP TRIGGER lockstep_upd_shop ON items',
    [
      'shape: the trigger lockstep_upd_shop of public.items is gone',
      'gap of items: public.items: the trigger lockstep_upd_shop of public.items is gone',
    ],
  ],
  ['another name', 'ALTER TABLE items RENAME TO things', ['rename: it is called public.things now']],
  ['no table any more', 'DROP TABLE items', ['drop: the table was dropped']],
  [
    'another table in its place',
    'DROP TABLE items; CREATE TABLE items (id int PRIMARY KEY)',
    ['shape: it is another table than before', 'gap of items: public.items: it is another table than before'],
  ],
];

test.for(shapes)('%s is told', async ([, sql, news]) => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int); INSERT INTO items VALUES (1)');
  await using feed = await followFeed(db.url);
  await db.query(sql);
  await feed.until(() => feed.news().length >= news.length, 'the news');
  expect(feed.news().filter((text) => !/the function of the triggers/.test(text))).toEqual(news);
});

test('a disabled trigger is a gap, is left so, and a gap again once it is enabled', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await using feed = await followFeed(db.url);
  await db.query('ALTER TABLE items DISABLE TRIGGER lockstep_ins_shop');
  await feed.until(() => feed.news().length === 2, 'the gap');
  expect(feed.news()[0]).toBe('shape: the trigger lockstep_ins_shop of public.items is disabled');
  const findings = await feed.feed.check(feed.request);
  expect(findings.map(({ code }) => code)).toEqual(['postgres-triggers-disabled']);
  await db.query('INSERT INTO items VALUES (1)');
  await db.query('ALTER TABLE items ENABLE ALWAYS TRIGGER lockstep_ins_shop');
  await feed.until(() => feed.news().length === 4, 'the second gap');
  await db.query('INSERT INTO items VALUES (2)');
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["2"]']);
});

test('what happened while nobody read is told at the next start', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await using feed = await followFeed(db.url);
  await db.query('INSERT INTO items VALUES (1)');
  await feed.caughtUp();
  await feed.stop();
  await db.query(`ALTER TABLE items DISABLE TRIGGER ALL; INSERT INTO items VALUES (2); ALTER TABLE items ENABLE TRIGGER ALL;
    INSERT INTO items VALUES (3); TRUNCATE items; INSERT INTO items VALUES (4)`);
  await using again = await openFeed(db.url, { resume: feed.position });
  await again.feed.prepare(again.request);
  again.start();
  await again.until(() => again.news().length >= 3, 'the news');
  await again.caughtUp();
  expect(again.keys()).toEqual(['["3"]', '["4"]']);
  expect(again.news()[0]).toBe('truncate: the table was emptied by TRUNCATE');
  expect(again.news()).toContain(
    'gap of items: public.items: the trigger lockstep_ins_shop of public.items fires for other sessions now',
  );
});

test('a key column that goes stops the capture of its table only', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int, code text); CREATE TABLE others (id int PRIMARY KEY)');
  const both = [
    { name: 'items', source: 'items', key: ['code'], columns: null },
    { name: 'others', source: 'others', key: ['id'], columns: null },
  ];
  await using feed = await followFeed(db.url, { collections: both });
  await db.query('ALTER TABLE items DROP COLUMN code');
  await feed.until(() => feed.news().length > 0, 'the news');
  feed.told.length = 0;
  await db.query('INSERT INTO items VALUES (1); INSERT INTO others VALUES (1)');
  await feed.caughtUp();
  expect([feed.keys('others'), feed.news().filter((text) => text.startsWith('gap of all'))]).toEqual([
    ['["1"]'],
    [],
  ]);
});

test('a table that a subscription may write gets a trigger per row', async () => {
  await using db = await createTestDatabase();
  await using publisher = await createTestDatabase();
  for (const each of [db, publisher]) await each.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await publisher.query('CREATE PUBLICATION p FOR TABLE items');
  const slot = `s_${publisher.name}`.slice(0, 60);
  await publisher.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  await db.query(
    `CREATE SUBSCRIPTION "${slot}" CONNECTION '${publisher.url}' PUBLICATION p WITH (create_slot = false, slot_name = '${slot}')`,
  );
  try {
    await using feed = await followFeed(db.url);
    expect((await feed.feed.check(feed.request)).map(({ code }) => code)).toEqual(['postgres-triggers-rows']);
    await publisher.query('INSERT INTO items SELECT generate_series(1, 5)');
    await publisher.query('UPDATE items SET id = 10 WHERE id = 1');
    await publisher.query('DELETE FROM items WHERE id = 2');
    await publisher.query('TRUNCATE items');
    await feed.until(() => feed.news().length > 0, 'the truncation');
    expect(feed.keys()).toEqual(['["1"]', '["10"]', '["2"]', '["3"]', '["4"]', '["5"]']);
    expect(feed.news()).toEqual(['truncate: the table was emptied by TRUNCATE']);
  } finally {
    await db.query(`ALTER SUBSCRIPTION "${slot}" DISABLE`);
    await db.query(`DROP SUBSCRIPTION "${slot}"`);
  }
});

test('preview shows what prepare does, and a second prepare does nothing', async () => {
  await using db = await createTestDatabase();
  await db.query(partitioned);
  await using feed = await openFeed(db.url, { collections });
  const preview = await feed.feed.preview(feed.request);
  expect((await db.query(`SELECT FROM pg_namespace WHERE nspname = 'lockstep'`)).rowCount).toBe(0);
  const steps = await feed.feed.prepare(feed.request);
  expect(steps).toEqual(preview);
  expect(await feed.feed.prepare(feed.request)).toEqual([]);
  expect(await feed.feed.preview({ collections: [], signal: never })).toHaveLength(1);
});
