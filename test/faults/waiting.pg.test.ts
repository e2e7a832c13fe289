import { expect, test } from 'vitest';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { openPair } from './support/pair.ts';
import { itemsTable, manyItems } from './support/rows.ts';
import { count } from './support/states.ts';
import { hastyRetry, openTrial } from './support/trial.ts';

const rows = 10_000;
const seeded = { atSource: manyItems(rows), atTarget: itemsTable };

const backend = async (client: {
  query(sql: string): Promise<{ rows: { pid: number }[] }>;
}): Promise<number> => (await client.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;

test.each([
  ['into an empty target', ''],
  [
    'into a target that differs',
    `INSERT INTO items SELECT n, 'old', null FROM generate_series(1, 8000) AS n`,
  ],
])('somebody locks the target (%s): it is told who, and goes on after', async (_, prepared) => {
  await using pair = await openPair(seeded);
  if (prepared !== '') await pair.target.query(prepared);
  const { source, target } = pair;
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: { items: { scope: 'all' } },
    targetConfig: { stallTimeoutMs: 300 },
    settings: { rowsPerPartition: 2_000 },
  });
  const locker = await target.connect();
  const pid = await backend(locker);
  await locker.query('BEGIN; LOCK TABLE items IN SHARE MODE');
  const told = trial.log.next('notice', ({ message }) => message.includes('lock'));
  const running = trial.run();
  expect(await told).toMatchObject({
    side: 'destination',
    message: expect.stringContaining(`process ${pid}`),
  });
  await locker.query('COMMIT');
  expect(await running).toMatchObject({ result: 'equal', failures: [] });
  expect(trial.log.all('retry')).toEqual([]);
  expect(await pair.expectSame('items')).toBe(rows);
});

test('a lock on the target outlasts its lock_timeout: tried again, and given up as failed', async () => {
  await using pair = await openPair(seeded);
  const { source, target } = pair;
  const locker = await target.connect();
  await target.query(`ALTER DATABASE ${target.name} SET lock_timeout = '100ms'`);
  await locker.query('BEGIN; LOCK TABLE items IN SHARE MODE');
  const options = { source: source.url, target: target.url, collections: ['items'] };
  await using hasty = await openTrial({ ...options, settings: { retry: hastyRetry } });
  expect(await hasty.failure()).toMatchObject({
    code: 'retries-exhausted',
    exit: 'failed',
    cause: { code: 'lock-timeout' },
  });
  await using patient = await openTrial({ ...options, directory: hasty.directory });
  const tried = patient.log.next('retry', ({ code }) => code === 'lock-timeout');
  const running = patient.run();
  await tried;
  await locker.query('COMMIT');
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await pair.expectSame('items')).toBe(rows);
});

/** Rows of the first partition take so long that it takes longer than the timeout. */
const slowly = {
  source: { filter: 'id > 2500 OR pg_sleep(0.0002) IS NOT NULL' },
  target: {},
};
const slowTrigger = `
  CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id <= 2500 THEN PERFORM pg_sleep(0.0002); END IF; RETURN NEW; END $$;
  CREATE TRIGGER slow BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION slow()`;

test.each(['source', 'target'] as const)(
  'statement_timeout at the %s: tried again, then given up',
  async (side) => {
    await using pair = await openPair(seeded);
    const { name } = pair[side];
    if (side === 'target') await pair.target.query(slowTrigger);
    await pair[side].query(`ALTER DATABASE ${name} SET statement_timeout = '200ms'`);
    const options = {
      source: pair.source.url,
      target: pair.target.url,
      collections: { items: slowly[side] },
    };
    const settings = { rowsPerPartition: 2_500 }; // each goes in as a whole or not at all
    await using trial = await openTrial({ ...options, settings: { ...settings, retry: hastyRetry } });
    expect(await trial.failure()).toMatchObject({
      code: 'retries-exhausted',
      exit: 'failed',
      cause: { code: 'statement-timeout' },
    });
    expect((await count(pair.target, 'items')) % 2_500).toBe(0);
    await pair[side].query(`ALTER DATABASE ${name} RESET statement_timeout`);
    await using calm = await openTrial({ ...options, settings, directory: trial.directory });
    expect(await calm.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('items')).toBe(rows);
  },
);

test.each(['idle_in_transaction_session_timeout', 'transaction_timeout', 'idle_session_timeout'])(
  '%s at the source does not end the session that holds the snapshot',
  async (setting) => {
    await using pair = await openPair(seeded);
    await using proxy = await startFaultProxy(pair.source.url);
    await pair.source.query(`ALTER DATABASE ${pair.source.name} SET ${setting} = '300ms'`);
    await using trial = await openTrial({
      source: proxy.url(pair.source.url),
      target: pair.target.url,
      collections: ['items'],
      settings: { lanes: 1, rowsPerPartition: 1_000 },
    });
    trial.engine.events.on('collection.started', () => proxy.throttle(2_000_000));
    expect(await trial.run()).toMatchObject({ result: 'equal' });
    expect(trial.log.all('retry')).toEqual([]);
    // The judge is a session too, and may be slow.
    await pair.source.query(`ALTER DATABASE ${pair.source.name} RESET ${setting}`);
    expect(await pair.expectSame('items')).toBe(rows);
  },
);
