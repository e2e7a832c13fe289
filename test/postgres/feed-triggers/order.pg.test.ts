import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { followFeed, openFeed } from './feed-under-test.ts';

test('a transaction that took its number first and commits last is not lost', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await using feed = await followFeed(db.url);
  const late = await db.connect();
  await late.query('BEGIN; INSERT INTO items VALUES (1)');
  await db.query('INSERT INTO items VALUES (2)');
  await feed.until(
    () => feed.notices.every(({ kind }) => kind !== 'retry') && feed.told.length > 0,
    'a look at the log',
  );
  const { rows } = await db.query<{ keys: string[] }>(
    `SELECT array_agg(key[1] ORDER BY seq) AS keys FROM lockstep.log_shop WHERE seq > (SELECT max(seq) FROM lockstep.log_shop) - 1`,
  );
  // Somebody who reads by number would be behind 2 now, and never see 1.
  expect(rows[0]?.keys).toEqual(['2']);
  expect(feed.keys()).toEqual([]);
  await late.query('COMMIT');
  await feed.until(() => feed.keys().length === 2, 'both');
});

test('an open transaction and a prepared one hold the feed back, and are named', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int); CREATE TABLE elsewhere (id int)');
  await using feed = await followFeed(db.url);
  const open = await db.connect();
  await open.query(`SET application_name = 'forgetful'; BEGIN; INSERT INTO elsewhere VALUES (1)`);
  const name = `forgotten-${db.name}`;
  await db.query(`BEGIN; INSERT INTO elsewhere VALUES (2); PREPARE TRANSACTION '${name}'`);
  await db.query('INSERT INTO items VALUES (1)');
  const retained = await feed.feed.retained(feed.request);
  expect(retained.waitingFor.join()).toMatch(/process \d+ of forgetful .*open for \d+ s/);
  expect(retained.waitingFor.join()).toContain(`prepared transaction "${name}"`);
  expect(retained.bytes).toBeGreaterThan(0);
  const beginning = feed.head('from');
  await expect
    .poll(() => feed.notices.map(({ message }) => message).join(), { timeout: 5000 })
    .toContain(name);
  await open.query('COMMIT');
  await db.query(`COMMIT PREPARED '${name}'`);
  await beginning;
  await feed.until(() => feed.keys().length === 1, 'the row');
});

test('many writers at once: every committed key is told, in every history', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id bigserial PRIMARY KEY, v int)');
  const step = fc.record({
    rows: fc.integer({ min: 1, max: 5 }),
    ends: fc.constantFrom('COMMIT', 'COMMIT', 'ROLLBACK'),
    pauseMs: fc.integer({ min: 0, max: 12 }),
  });
  const histories = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(histories, async (writers) => {
      await using feed = await followFeed(db.url);
      const truth: string[] = [];
      await Promise.all(
        writers.map(async (steps) => {
          const client = await db.connect();
          for (const { rows, ends, pauseMs } of steps) {
            await client.query('BEGIN');
            const ids: string[] = [];
            for (let row = 0; row < rows; row += 1) {
              const { rows: made } = await client.query<{ id: string }>(
                'INSERT INTO items (v) VALUES (1) RETURNING id',
              );
              ids.push(`["${made[0]?.id}"]`);
            }
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
            await client.query(ends);
            if (ends === 'COMMIT') truth.push(...ids);
          }
          await client.end();
        }),
      );
      await feed.caughtUp();
      await feed.stop();
      expect(feed.keys()).toEqual(truth.sort());
    }),
    { numRuns: 12 },
  );
}, 60_000);

test('head from: a transaction that is open when the triggers come is waited for', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  const early = await db.connect();
  await using feed = await openFeed(db.url);
  await feed.feed.prepare(feed.request);
  await early.query('BEGIN; INSERT INTO items VALUES (1)');
  let isThere = false;
  const head = feed.head('from').then((position) => {
    isThere = true;
    return position;
  });
  await expect.poll(() => feed.notices.length, { timeout: 5000 }).toBeGreaterThan(0);
  expect(isThere).toBe(false);
  await early.query('COMMIT');
  const { rowCount } = await db.query('SELECT FROM items');
  await head;
  expect(rowCount).toBe(1);
});

test('going on where it stopped: nothing twice, nothing lost, in pages of a small budget', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await using first = await followFeed(db.url, { byteBudget: 65_536, acknowledges: false });
  await db.query('INSERT INTO items SELECT generate_series(1, 5000)');
  await first.until(() => first.keys().length >= 1000, 'some pages');
  await first.stop();
  const resume = first.position;
  await using second = await openFeed(db.url, { resume, byteBudget: 65_536 });
  await second.feed.prepare(second.request);
  second.start();
  await second.caughtUp();
  expect(first.keys().length + second.keys().length).toBe(5000);
  expect(new Set([...first.keys(), ...second.keys()]).size).toBe(5000);
  const largest = Math.max(...second.told.map((item) => (item.kind === 'batch' ? item.bytes : 0)));
  expect(largest).toBeLessThan(65_536);
  expect(second.news()).toEqual([]);
});
