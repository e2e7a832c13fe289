import { describe, expect, test } from 'vitest';
import { isLockstepError } from '../../src/index.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openPair, type Pair } from './support/pair.ts';
import { itemsTable, manyItems } from './support/rows.ts';
import { count, sessionWaitingForLock, until } from './support/states.ts';
import { openTrial, type Trial, type TrialOptions } from './support/trial.ts';

const rows = 20_000;
const rebuildKeys = { fromRows: 1_000 };
const index = 'CREATE INDEX by_name ON items (name)';
/** Enough for who only asks what happens. */
const fewRows = 2_000;
const few = { atSource: manyItems(fewRows), atTarget: `${itemsTable}; ${index}` };
const seeded = { atSource: manyItems(rows), atTarget: `${itemsTable}; ${index}` };

const trialOf = (pair: Pair, options: Partial<TrialOptions> = {}): Promise<Trial> =>
  openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections: ['items'],
    ...options,
    targetConfig: { rebuildKeys, ...options.targetConfig },
    settings: { rowsPerPartition: 1_000, ...options.settings },
  });

const waysOf = ({ log }: Trial) => log.all('copy.way').map(({ way, reason }) => ({ way, reason }));

/** Whoever makes an index again gives it another number. */
async function indexesOf(db: TestDatabase): Promise<ReadonlyMap<string, number>> {
  const found = await db.query<{ name: string; oid: number }>(
    `SELECT c.relname AS name, c.oid::int AS oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = 'items'::regclass AND i.indisvalid ORDER BY 1`,
  );
  return new Map(found.rows.map(({ name, oid }) => [name, oid]));
}

const isLocked = async (db: TestDatabase): Promise<boolean> => {
  const { rows: found } = await db.query(
    `SELECT FROM pg_locks WHERE relation = 'items'::regclass AND mode = 'AccessExclusiveLock' AND granted`,
  );
  return found.length > 0;
};

describe('what the destination refuses: the table is as it was, and partitions find the guilty row', () => {
  test.each([
    {
      what: 'a duplicate, found when a unique index is built',
      refusing: 'CREATE UNIQUE INDEX once ON items (note)',
      guilty: 'md5(5::text)',
      code: 'unique-conflict',
    },
    {
      what: 'a row that breaks a check',
      refusing: `ALTER TABLE items ADD CHECK (note <> 'poison')`,
      guilty: `'poison'`,
      code: 'value-refused',
    },
    {
      what: 'a null where none may be',
      refusing: 'ALTER TABLE items ALTER COLUMN note SET NOT NULL',
      guilty: 'NULL',
      code: 'value-refused',
    },
  ])('$what', async ({ refusing, guilty, code }) => {
    await using pair = await openPair(seeded);
    const { source, target } = pair;
    await target.query(refusing);
    await source.query(
      `UPDATE items SET note = md5(id::text); UPDATE items SET note = ${guilty} WHERE id = 12345`,
    );
    const before = [...(await indexesOf(target)).keys()];
    await using trial = await trialOf(pair);
    expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1, failures: [] });
    expect(trial.log.all('dead-letter.put')).toMatchObject([{ key: '["12345"]', code }]);
    expect(waysOf(trial).map(({ way }) => way)).toEqual(['whole', 'partitions']);
    expect(trial.log.all('notice')).toMatchObject([
      { message: expect.stringContaining('copied in partitions') },
    ]);
    expect(await count(target, 'items')).toBe(rows - 1);
    expect([...(await indexesOf(target)).keys()]).toEqual(before);

    await source.query(`UPDATE items SET note = 'mended' WHERE id = 12345`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('items')).toBe(rows);
  });
});

const onlyOwners = async (target: TestDatabase): Promise<string> => {
  const user = await target.createRole();
  await target.query(
    `GRANT CREATE ON DATABASE ${target.name} TO ${user}; GRANT SELECT, INSERT, UPDATE, DELETE ON items TO ${user}`,
  );
  return target.urlFor({ user });
};

describe('where keys can not be taken off, they stay, and partitions are copied', () => {
  test.each<[string, RegExp, string]>([
    ['a foreign key refers to it', /foreign key/, 'CREATE TABLE lines (item int REFERENCES items)'],
    [
      'a foreign key that is not enforced refers to it',
      /depends on its key/,
      'CREATE TABLE lines (item int REFERENCES items NOT ENFORCED)',
    ],
    [
      'it has a foreign key',
      /foreign key/,
      'CREATE TABLE twins (id int PRIMARY KEY); INSERT INTO twins SELECT generate_series(1, 20000); ALTER TABLE items ADD FOREIGN KEY (id) REFERENCES twins',
    ],
    [
      'a view needs the key',
      /rule _RETURN on view .* depends on its key/,
      'CREATE VIEW few AS SELECT id, name FROM items GROUP BY id',
    ],
    [
      'a function needs the key',
      /function .* depends on its key/,
      `CREATE FUNCTION put() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO items VALUES (1, '', '') ON CONFLICT ON CONSTRAINT items_pkey DO NOTHING; END`,
    ],
    [
      'it has a trigger',
      /trigger seen/,
      'CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; CREATE TRIGGER seen AFTER INSERT ON items EXECUTE FUNCTION seen()',
    ],
    [
      'there is an event trigger',
      /event trigger/,
      'CREATE FUNCTION done() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER done ON ddl_command_end EXECUTE FUNCTION done()',
    ],
    ['it has row security', /row security/, 'ALTER TABLE items ENABLE ROW LEVEL SECURITY'],
    ['it is unlogged', /unlogged/, 'ALTER TABLE items SET UNLOGGED'],
    [
      'it has an exclusion constraint',
      /not about equality/,
      'ALTER TABLE items ADD EXCLUDE USING btree (name WITH =)',
    ],
    [
      'it has a parent',
      /plain table/,
      'CREATE TABLE parents (id int NOT NULL); ALTER TABLE items INHERIT parents',
    ],
    [
      'it is partitioned',
      /plain table/,
      'DROP TABLE items; CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, note text) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF items DEFAULT',
    ],
    [
      'an index is not valid',
      /not valid/,
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_name'::regclass`,
    ],
    [
      'an index depends on an extension',
      /extension/,
      'CREATE EXTENSION IF NOT EXISTS plpgsql; ALTER INDEX by_name DEPENDS ON EXTENSION plpgsql',
    ],
  ])('%s', async (_, reason, sql) => {
    await using pair = await openPair(few);
    await pair.target.query(sql);
    const before = await indexesOf(pair.target);
    await using trial = await trialOf(pair);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(waysOf(trial)).toEqual([{ way: 'partitions', reason: expect.stringMatching(reason) }]);
    expect(await indexesOf(pair.target)).toEqual(before);
    expect(await pair.expectSame('items')).toBe(fewRows);
  });

  test.each<[string, RegExp, Partial<TrialOptions>]>([
    ['it is switched off', /never/, { targetConfig: { rebuildKeys: 'never' } }],
    ['it is too small', /fewer than/, { targetConfig: { rebuildKeys: {} } }],
    [
      'it is too large',
      /more than/,
      { targetConfig: { rebuildKeys: { ...rebuildKeys, maxBytes: 100_000 } } },
    ],
    ['the destination is to be spared', /spared/, { targetConfig: { throttle: { activeSessions: 100 } } }],
    [
      'statements are ended after a time',
      /ends statements after 1min/,
      { targetConfig: { statementTimeoutMs: 60_000 } },
    ],
    ['many lanes append side by side', /3 lanes/, { settings: { lanes: 3 } }],
  ])('%s', async (_, reason, options) => {
    await using pair = await openPair(few);
    const before = await indexesOf(pair.target);
    await using trial = await trialOf(pair, options);
    expect(await trial.run()).toMatchObject({ result: 'equal' });
    expect(waysOf(trial)).toEqual([{ way: 'partitions', reason: expect.stringMatching(reason) }]);
    expect(await indexesOf(pair.target)).toEqual(before);
    expect(await pair.expectSame('items')).toBe(fewRows);
  });

  test('its rows are wide', async () => {
    await using pair = await openPair({
      atSource: `${itemsTable}; INSERT INTO items SELECT n, 'item', repeat('wide', 200) FROM generate_series(1, ${fewRows}) AS n; ANALYZE items`,
      atTarget: few.atTarget,
    });
    await using trial = await trialOf(pair);
    expect(await trial.run()).toMatchObject({ result: 'equal' });
    expect(waysOf(trial)).toEqual([{ way: 'partitions', reason: expect.stringMatching(/so wide/) }]);
  });

  test('our role may write the table and does not own it', async () => {
    await using pair = await openPair(few);
    await using trial = await trialOf(pair, { target: await onlyOwners(pair.target) });
    expect(await trial.run()).toMatchObject({ result: 'equal' });
    expect(waysOf(trial)).toEqual([
      { way: 'partitions', reason: expect.stringMatching(/rights of its owner/) },
    ]);
  });
});

describe('others at the same table', () => {
  test('somebody reads it in a transaction that stays open: it is copied beside him', async () => {
    await using pair = await openPair(seeded);
    const before = await indexesOf(pair.target);
    const reader = await pair.target.connect();
    await reader.query('BEGIN; SELECT FROM items');
    await using trial = await trialOf(pair);
    expect(await trial.run()).toMatchObject({ result: 'equal', failures: [] });
    expect(waysOf(trial).at(-1)).toEqual({ way: 'partitions', reason: 'somebody is using it' });
    expect(await indexesOf(pair.target)).toEqual(before);
    expect(await pair.expectSame('items')).toBe(rows);
  });

  test('somebody writes to it while we wait for the lock: his row is found, and what is ours is mended', async () => {
    await using pair = await openPair(seeded);
    const writer = await pair.target.connect();
    await writer.query(`BEGIN; INSERT INTO items VALUES (17, 'theirs', null)`);
    await using trial = await trialOf(pair);
    const running = trial.run();
    await sessionWaitingForLock(pair.target);
    await writer.query('COMMIT');
    expect(await running).toMatchObject({ result: 'equal', failures: [] });
    expect(waysOf(trial).at(-1)).toEqual({ way: 'partitions', reason: 'somebody else has written to it' });
    expect(await pair.expectSame('items')).toBe(rows);
  });

  test('readers wait, and then see all rows and the key', async () => {
    await using pair = await openPair(seeded);
    await using proxy = await startFaultProxy(pair.target.url);
    await using trial = await trialOf(pair, { target: proxy.url(pair.target.url) });
    trial.engine.events.on('copy.way', () => proxy.throttle(1_000_000));
    const running = trial.run();
    await until('the table is locked', () => isLocked(pair.target));
    const reader = await pair.target.connect();
    const { rows: seen } = await reader.query(
      `SELECT count(*)::int AS n, (SELECT count(*)::int FROM pg_index WHERE indrelid = 'items'::regclass) AS indexes FROM items`,
    );
    expect(seen).toEqual([{ n: rows, indexes: 2 }]);
    await proxy.heal();
    expect(await running).toMatchObject({ result: 'equal' });
    expect(waysOf(trial)).toEqual([{ way: 'whole', reason: '' }]);
  });
});

describe.each(['source', 'target'] as const)('the connection to the %s', (side) => {
  const through = (url: string): Partial<TrialOptions> =>
    side === 'source' ? { source: url } : { target: url };

  test.each(['cut', 'reset', 'halfOpen'] as const)(
    '%s in the middle: goes on in partitions, equal',
    async (fault) => {
      await using pair = await openPair(seeded);
      await using proxy = await startFaultProxy(pair[side].url);
      const patience = { stallTimeoutMs: 300, connectTimeoutMs: 500 };
      await using trial = await trialOf(pair, {
        ...through(proxy.url(pair[side].url)),
        ...(fault === 'halfOpen' ? { sourceConfig: patience, targetConfig: patience } : {}),
      });
      trial.engine.events.on('copy.way', ({ way }) => {
        if (way === 'whole') proxy.throttle(400_000);
      });
      const lost = trial.log.next('notice', ({ message }) => message.includes('copied in partitions'));
      const running = trial.run();
      await until('the table is locked', () => isLocked(pair.target));
      proxy[fault]();
      await lost;
      await proxy.heal();
      expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
      expect(waysOf(trial).map(({ way }) => way)).toEqual(['whole', 'partitions']);
      expect([...(await indexesOf(pair.target)).keys()]).toEqual(['by_name', 'items_pkey']);
      expect(await pair.expectSame('items')).toBe(rows);
    },
  );
});

test('a stop that is asked for does not wait for all rows; the table is as it was, and the next run copies it', async () => {
  await using pair = await openPair(seeded);
  await using proxy = await startFaultProxy(pair.target.url);
  const before = await indexesOf(pair.target);
  await using trial = await trialOf(pair, { target: proxy.url(pair.target.url) });
  const stopping = new AbortController();
  trial.engine.events.on('copy.way', () => proxy.throttle(1_000_000));
  const running = trial.engine.run('trial', { signal: stopping.signal }).catch((thrown: unknown) => thrown);
  await until('the table is locked', () => isLocked(pair.target));
  stopping.abort(new Error('SIGTERM'));
  const ended = await running;
  expect(isLockstepError(ended, 'interrupted'), String(ended)).toBe(true);
  expect(await count(pair.target, 'items')).toBe(0);
  expect(await indexesOf(pair.target)).toEqual(before);
  await proxy.heal();
  expect(await trial.run()).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('items')).toBe(rows);
});

test('a source that looks at the target does not wait for us while we wait for it', async () => {
  await using pair = await openPair();
  const { target } = pair;
  await target.query(`${itemsTable}; CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, note text);
    INSERT INTO stock SELECT n, 'item ' || n, null FROM generate_series(1, ${rows}) AS n; ANALYZE stock`);
  await using trial = await trialOf(pair, {
    source: target.url,
    collections: {
      stock: {
        target: 'items',
        filter: 'id NOT IN (SELECT i.id FROM public.items AS i WHERE i.name IS NULL)',
      },
    },
  });
  expect(await trial.run()).toMatchObject({ result: 'equal' });
  expect(waysOf(trial).at(-1)).toEqual({ way: 'partitions', reason: 'somebody is using it' });
  expect(await count(target, 'items')).toBe(rows);
});
