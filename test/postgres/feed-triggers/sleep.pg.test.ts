import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../../faults/support/own-server.ts';
import { startTransactionPooler } from '../../support/transaction-pooler.ts';
import { type FeedUnderTest, followFeed } from './feed-under-test.ts';

/** Servers of a test run allow prepared transactions, where nobody is notified. */
let own: OwnServer;
beforeAll(async () => {
  own = await startOwnServer({ version: 18, settings: { max_prepared_transactions: '0' } });
  await own.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
});
afterAll(async () => own[Symbol.asyncDispose]());

let pipelines = 0;
const follow = async (url: string, pollMs: number): Promise<FeedUnderTest> => {
  await own.query('TRUNCATE items');
  pipelines += 1;
  return await followFeed(url, { pipeline: `sleep-${pipelines}`, capture: { pollMs } });
};

const asleep = async (): Promise<number> =>
  Number(
    (
      await own.query<{ v: string }>(
        `SELECT pg_sequence_last_value('lockstep."asleep_sleep-${pipelines}"') AS v`,
      )
    )[0]?.v,
  );
const fallsAsleep = (): Promise<void> => expect.poll(asleep, { timeout: 5_000 }).toBeGreaterThan(0);

test('a sleeping reader is woken by the next change, and writers notify nobody while it is awake', async () => {
  await using feed = await follow(own.url, 30_000);
  await fallsAsleep();
  const startedAt = performance.now();
  await own.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.keys().length === 1, 'the row');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(await asleep()).toBe(0);
  expect(feed.notices).toEqual([]);
});

test('a transaction that wrote while the reader was awake and commits while it sleeps is not slept through', async () => {
  await using feed = await follow(own.url, 30_000);
  await feed.until(() => feed.told.length > 0, 'the first look');
  await own.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.keys().length === 1, 'the row');
  const { default: pg } = await import('pg');
  const writer = new pg.Client({ connectionString: own.url });
  await writer.connect();
  await writer.query('BEGIN; INSERT INTO items VALUES (2)');
  await fallsAsleep();
  await writer.query('COMMIT');
  await writer.end();
  await feed.until(() => feed.keys().length === 2, 'the late row', 5_000);
});

test('a lost notification costs one poll', async () => {
  await using feed = await follow(own.url, 300);
  await fallsAsleep();
  await own.query(`SELECT setval('lockstep."asleep_sleep-${pipelines}"', 0)`);
  await own.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.keys().length === 1, 'the row', 5_000);
});

test('a reader that stops asks nobody to notify it', async () => {
  await using feed = await follow(own.url, 30_000);
  await fallsAsleep();
  await feed.stop();
  expect(await asleep()).toBe(0);
});

test('behind a pooler that shares server sessions notifications are not relied on, which is said once', async () => {
  await using pooler = await startTransactionPooler(own.url, { takes: 'oldest', disguised: true });
  await using feed = await follow(pooler.url, 30_000);
  await expect.poll(() => feed.notices.length, { timeout: 5_000 }).toBe(1);
  expect(feed.notices[0]?.message).toMatch(/every 50 ms .*pooler/);
  await own.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.keys().length === 1, 'the row', 2_000);
  await feed.stop();
  expect(feed.notices).toHaveLength(1);
});
