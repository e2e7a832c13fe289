import { describe, expect, test } from 'vitest';
import type { Row } from '../../src/protocol/value.ts';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const tables = `
CREATE TABLE items (id int PRIMARY KEY, name varchar(20) NOT NULL, size int, price numeric(6,2));
CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items SELECT n, 'item ' || n, n, n FROM generate_series(1, 30) n; INSERT INTO others VALUES (1, 'one')`;
const both = { collections: ['items', 'others'], guard: { maxLeavingShare: 1 } };
const drift = { columnDropped: 'ignore', typeChanged: 'ignore' } as const;

async function opened(capture: Capture): Promise<LiveTrial> {
  const trial = await openLiveTrial({ capture });
  await trial.both(tables);
  await trial.source.query(fill);
  return trial;
}

const stopOf = (running: LiveRun) =>
  running.log.all('collection.status').findLast(({ status }) => status === 'stopped');

const isTold = (running: LiveRun, word: string): boolean =>
  running.log.all('notice').some(({ message }) => message.includes(word));

const at = async ({ target }: LiveTrial, where: string): Promise<number> =>
  rowsIn(target, `items WHERE ${where}`);

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  describe.each([
    ['all columns', both],
    [
      'listed columns',
      {
        ...both,
        collections: { items: { columns: ['id', 'name', 'size', 'price'] }, others: true as const },
      },
    ],
  ])('and %s', (_, settings) => {
    test('a column that is dropped stays at the target with `ignore`, with its values', async () => {
      await using trial = await opened(capture);
      await using running = await trial.start({ ...settings, drift });
      await trial.source.query('ALTER TABLE items DROP size');
      await trial.source.query(
        `UPDATE items SET name = 'new' WHERE id <= 10; INSERT INTO items VALUES (100, 'x', 1); DELETE FROM items WHERE id = 30`,
      );
      await running.until('the row', async () => (await at(trial, 'id = 100 AND size IS NULL')) === 1);
      await running.until('the others', async () => (await at(trial, `name = 'new' AND size = id`)) === 10);
      await running.until('it leaves', async () => (await at(trial, 'id = 30')) === 0);
      await running.until('it is told', () => isTold(running, 'column size is gone: ignored'));
      await running.live();
      await running.until('status shows it', async () =>
        JSON.stringify(await running.engine.status('it')).includes('column size is gone: ignored'),
      );
      await running.stop();
      await using restarted = await trial.start({ ...settings, drift });
      await restarted.until('it is told again', () => isTold(restarted, 'column size is gone: ignored'));
      await trial.source.query(`UPDATE items SET name = 'newer' WHERE id = 11`);
      await restarted.until('it flows', async () => (await at(trial, `name = 'newer' AND size = 11`)) === 1);
      expect(await restarted.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
        state: 'done',
      });
      expect(await at(trial, 'size = id')).toBe(29);
      expect(stopOf(running) ?? stopOf(restarted)).toBeUndefined();
      expect(await restarted.letters()).toEqual([]);
    });
  });

  test('what came while no engine ran is told with `ignore`, and a column that was never there is asked for', async () => {
    await using trial = await opened(capture);
    const listed = { items: { columns: ['id', 'name', 'size', 'price'] }, others: true as const };
    const settings = { ...both, collections: listed, drift: { ...drift, columnAdded: 'ignore' } } as const;
    await trial.source.query('ALTER TABLE others ADD early int');
    await expect(trial.start(settings)).rejects.toThrow(/early/);
    await trial.target.query('ALTER TABLE others ADD early int');
    await using running = await trial.start(settings);
    await running.stop();
    await trial.source.query('ALTER TABLE items DROP size; ALTER TABLE others ADD late int');
    await using restarted = await trial.start(settings);
    await restarted.until('both are told', () =>
      ['items: column size is gone: ignored', 'others: column late was added: ignored'].every((word) =>
        isTold(restarted, word),
      ),
    );
    await restarted.until('status shows it', async () =>
      JSON.stringify(await restarted.engine.status('it')).includes('column late was added: ignored'),
    );
    await trial.source.query('INSERT INTO others VALUES (2, NULL, 2, 2)');
    await restarted.until('it flows', async () => (await rowsIn(trial.target, 'others')) === 2);
  });

  test('a column that is renamed is one that is gone and one that is new', async () => {
    await using trial = await opened(capture);
    const settings = { ...both, drift: { ...drift, columnAdded: 'follow' } } as const;
    await using running = await trial.start(settings);
    await trial.source.query('ALTER TABLE items RENAME size TO width');
    await trial.source.query('UPDATE items SET width = -1 WHERE id <= 10');
    await running.until('the new one', async () =>
      at(trial, 'width = -1 AND size = id').then(
        (rows) => rows === 10,
        () => false,
      ),
    );
    await running.until('all have it', async () => (await at(trial, 'width = id')) === 20);
    expect(isTold(running, 'column size is gone: ignored')).toBe(true);
    expect(stopOf(running)).toBeUndefined();
  });

  test('with `columnAdded: pause` a renamed column stops its collection, with statements that drop nothing', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, drift });
    await trial.source.query('ALTER TABLE items RENAME size TO width');
    await running.until('it stopped', () => stopOf(running) !== undefined);
    expect(stopOf(running)?.nextStep).toContain('ADD COLUMN "width" integer');
    expect(stopOf(running)?.nextStep).not.toContain('DROP');
    await trial.target.query('ALTER TABLE items ADD COLUMN width integer');
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.until('it is there', async () => (await at(trial, 'width = id AND size = id')) === 30);
  });

  test('a type that changed is left as it is with `ignore`: what does not fit gets a letter, also after a restart', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, drift });
    await trial.source.query('ALTER TABLE items ALTER name TYPE text');
    await trial.source.query(
      `UPDATE items SET name = repeat('n', 50) WHERE id = 1; UPDATE items SET name = repeat('n', 21) WHERE id = 2; UPDATE items SET name = repeat('n', 20) WHERE id = 3; UPDATE items SET size = -1 WHERE id = 4`,
    );
    const letters = ['["1"] parked', '["2"] parked'];
    await running.until(
      'the others',
      async () => (await at(trial, `size = -1 OR name = repeat('n', 20)`)) === 2,
    );
    await running.until('letters', async () => (await running.letters()).length === 2);
    expect(await running.letters()).toEqual(letters);
    await running.until('it is told', () => isTold(running, 'column name has another type'));
    await running.live();
    await running.stop();
    await using restarted = await trial.start({ ...both, drift });
    await restarted.until('it is told again', () => isTold(restarted, 'column name has another type'));
    await trial.source.query(`INSERT INTO items VALUES (100, 'after', 1, 1)`);
    await restarted.until('it flows', async () => (await at(trial, 'id = 100')) === 1);
    await restarted.engine.resync('it', { collections: ['public.items'] });
    expect(await restarted.letters()).toEqual(letters);
    await trial.source.query(`UPDATE items SET name = 'short' WHERE id <= 3`);
    await restarted.until('no letter', async () => (await restarted.letters()).length === 0);
    expect(await at(trial, `name = 'short'`)).toBe(3);
    expect(stopOf(running) ?? stopOf(restarted)).toBeUndefined();
  });

  test('a collection that is being filled stops alone: its plan can’t be forgiven yet', async () => {
    await using trial = await opened(capture);
    await using early = await trial.start({ ...both, collections: ['others'], drift });
    await early.stop();
    const holder = await trial.source.connect();
    await holder.query('CREATE TABLE elsewhere (id int)');
    await holder.query('BEGIN; INSERT INTO elsewhere VALUES (1)');
    const listed = { items: { columns: ['id', 'name', 'size', 'price'] }, others: true as const };
    await using running = await trial.begin({ ...both, collections: listed, drift });
    await running.until('it is being filled', () =>
      running.log.all('collection.status').some(({ status }) => status === 'copying'),
    );
    await trial.source.query('ALTER TABLE items DROP size');
    await holder.query('COMMIT');
    await running.until('it stopped', () => stopOf(running) !== undefined);
    expect(stopOf(running)).toMatchObject({ collection: 'public.items' });
    expect(stopOf(running)?.reason).toContain('it is not in step yet');
    await trial.source.query(`INSERT INTO others VALUES (2, 'more')`);
    await running.inStep('others');
    await running.stop();
    await using restarted = await trial.begin({ ...both, collections: listed, drift });
    await restarted.until('it is degraded', () => restarted.status.status === 'degraded');
  });

  test('collections that share a target go on without a column', async () => {
    await using trial = await opened(capture);
    await trial.source.query(
      'CREATE TABLE more (id int PRIMARY KEY, name varchar(20) NOT NULL, size int); INSERT INTO more VALUES (1001, $$m$$, 7)',
    );
    const columns = ['id', 'name', 'size'];
    const collections = {
      one: { source: 'items', target: 'items', columns, scope: { where: 'id <= 1000' } },
      two: { source: 'more', target: 'items', columns, scope: { where: 'id > 1000' } },
    };
    await using running = await trial.start({ ...both, collections, drift });
    await trial.source.query('ALTER TABLE more DROP size');
    await trial.source.query(`INSERT INTO more VALUES (1002, 'n'); UPDATE items SET size = 9 WHERE id = 1`);
    await running.until('one flows', async () => (await at(trial, 'id = 1 AND size = 9')) === 1);
    await running.until('the other flows', async () => (await at(trial, 'id = 1002')) === 1);
    await running.until('it is told', () => isTold(running, 'column size is gone: ignored'));
    await running.live();
    expect(await at(trial, 'id = 1001 AND size = 7')).toBe(1);
    expect(stopOf(running)).toBeUndefined();
  });

  const reliant = {
    'the key': {
      ddl: 'ALTER TABLE items DROP id',
      reason: 'the key needs id',
      collections: both.collections,
    },
    'a filter': {
      ddl: 'ALTER TABLE items DROP size',
      reason: 'size',
      collections: { items: { filter: 'size > 0' }, others: true as const },
    },
    'a mapping function': {
      ddl: 'ALTER TABLE items DROP size',
      reason: 'the mapping function reads size',
      collections: {
        items: { map: (row: Row): Row => row, mapReads: ['id', 'name', 'size', 'price'] },
        others: true as const,
      },
    },
    'a value that the target requires': {
      ddl: 'ALTER TABLE items DROP name',
      reason: 'name',
      collections: both.collections,
    },
    'a conversion that may fail': {
      ddl: 'ALTER TABLE items ALTER size TYPE bigint',
      reason: 'size',
      collections: both.collections,
    },
    'a conversion that rounds': {
      ddl: 'ALTER TABLE items ALTER size TYPE numeric(9,2)',
      reason: 'size',
      collections: both.collections,
    },
  };
  test.each(Object.entries(reliant))('%s stops all the same, with the reason', async (_, each) => {
    const { ddl, reason, collections } = each;
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, collections, drift });
    await trial.source.query(ddl);
    await running.until('it stopped', () => stopOf(running) !== undefined);
    expect(stopOf(running)?.collection).toBe('public.items');
    expect(stopOf(running)?.reason).toContain('it can’t go on so');
    expect(stopOf(running)?.reason).toContain(reason);
    await trial.source.query(`INSERT INTO others VALUES (2, 'more')`);
    await running.inStep('others');
    expect(running.status.status).toBe('degraded');
  });
});
