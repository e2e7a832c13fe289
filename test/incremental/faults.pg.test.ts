import { expect, test } from 'vitest';
import { sessionWaitingForLock, until } from '../faults/support/states.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { cursor, openIncremental } from './pair.ts';

const collections = { items: { cursor } };
const numbered = { items: { cursor: { column: 'version' } } };
const table = `CREATE TABLE items (id int PRIMARY KEY, v text, version bigserial NOT NULL); CREATE INDEX ON items (version);
  INSERT INTO items SELECT n, 'v' FROM generate_series(1, 10) AS n`;
const slow = { timeout: 60_000 };
const incremental = { mode: 'incremental', comparison: 'off' } as const;

const manyRows = `INSERT INTO items SELECT n, repeat('x', 200) FROM generate_series(100, 20_099) AS n`;

/** A pipeline with 20,000 rows to bring, whose connections to one side can be cut. */
async function openCuttable(side: 'source' | 'destination') {
  await using opened = new AsyncDisposableStack();
  const pair = opened.use(await openIncremental({ sql: table, collections: numbered }));
  const database = side === 'source' ? pair.source : pair.target;
  const proxy = opened.use(await startFaultProxy(database.url));
  const engine = await pair.engine(
    { ...incremental, collections: numbered, rowsPerPartition: 1_000 },
    { [side]: { connector: 'postgres', url: proxy.url(database.url) } },
  );
  await pair.source.query(manyRows);
  let retries = 0;
  engine.events.on('retry', () => {
    retries += 1;
  });
  const kept = opened.move();
  return { pair, proxy, engine, retries: () => retries, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('the connection to the source is lost in the middle of a pass: it goes on by itself', slow, async () => {
  await using cuttable = await openCuttable('source');
  const { pair, proxy, engine } = cuttable;
  const off = engine.events.on('rows.done', () => {
    off();
    proxy.cut();
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(cuttable.retries()).toBeGreaterThan(0);
  expect(await pair.expectSame('items')).toBe(20_010);
});

test(
  'the connection to the destination is lost in the middle of a write: it goes on by itself',
  slow,
  async () => {
    await using cuttable = await openCuttable('destination');
    const { pair, proxy, engine } = cuttable;
    const holder = await pair.target.connect();
    await holder.query('BEGIN; LOCK TABLE items IN EXCLUSIVE MODE');
    const running = engine.run('it');
    await sessionWaitingForLock(pair.target);
    proxy.cut();
    await until('it is tried again', async () => cuttable.retries() > 0);
    await holder.query('COMMIT');
    expect(await running).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('items')).toBe(20_010);
  },
);

test('rows that change while a pass reads are in it as they were, and in the next as they are', async () => {
  await using pair = await openIncremental({
    sql: table,
    collections: numbered,
    settings: { rowsPerPartition: 100 },
  });
  await pair.source.query(`INSERT INTO items SELECT n, 'v' FROM generate_series(100, 2_099) AS n`);
  let changed: Promise<unknown> | null = null;
  pair.lockstep.events.on('rows.done', () => {
    changed ??= pair.source.query(
      `UPDATE items SET v = 'during', version = nextval('items_version_seq') WHERE id % 3 = 0; DELETE FROM items WHERE id = 2_000`,
    );
  });
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal' });
  await changed;
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ inserted: 0, updated: 669 }] });
  expect(await pair.lockstep.run('it', { compare: true })).toMatchObject({ collections: [{ left: 1 }] });
  await pair.expectSame('items');
});

test('of two engines one makes the run', async () => {
  await using pair = await openIncremental();
  const other = await pair.engine({ ...incremental, collections });
  await pair.source.query(`UPDATE items SET v = 'new'`);
  const ended = await Promise.allSettled([pair.lockstep.run('it'), other.run('it')]);
  const failed = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  for (const reason of failed) expect(reason).toMatchObject({ code: 'lease-held' });
  expect(failed.length).toBeLessThan(2);
  await pair.expectSame('items');
});

test('a row too many is set aside, and comes when it can', async () => {
  await using pair = await openIncremental();
  await pair.target.query(`ALTER TABLE items ADD CHECK (v <> 'poison') NOT VALID`);
  await pair.source.query(
    `UPDATE items SET v = 'poison' WHERE id = 1; UPDATE items SET v = 'good' WHERE id = 2`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 1,
    collections: [{ updated: 1 }],
  });
  await pair.source.query('SELECT pg_sleep(1.2)');
  expect(await pair.lockstep.run('it'), 'it is not forgotten').toMatchObject({
    result: 'pending',
    deadLetters: 1,
  });
  await pair.target.query('ALTER TABLE items DROP CONSTRAINT items_v_check');
  expect(await pair.lockstep.run('it')).toMatchObject({
    result: 'equal',
    deadLetters: 0,
    collections: [{ updated: 1 }],
  });
  await pair.expectSame('items');
});

test('a letter whose row was deleted leaves with its row', async () => {
  await using pair = await openIncremental();
  await pair.target.query(`ALTER TABLE items ADD CHECK (v <> 'poison') NOT VALID`);
  await pair.source.query(`UPDATE items SET v = 'poison' WHERE id = 1`);
  await pair.lockstep.run('it');
  await pair.source.query('DELETE FROM items WHERE id = 1');
  expect(await pair.lockstep.run('it')).toMatchObject({
    result: 'equal',
    deadLetters: 0,
    collections: [{ left: 1 }],
  });
  expect(await pair.expectSame('items')).toBe(9);
});
