import { describe, expect, test } from 'vitest';
import { openPair } from './support/pair.ts';
import { count, sessionWaitingForLock } from './support/states.ts';
import { openTrial } from './support/trial.ts';

const drifting = 'CREATE TABLE drifting (id int PRIMARY KEY, value int, note text)';
const steady = 'CREATE TABLE steady (id int PRIMARY KEY)';
const fill = `INSERT INTO drifting SELECT n, n, 'note' FROM generate_series(1, 500) AS n; INSERT INTO steady SELECT generate_series(1, 50)`;

const changes = [
  ['a column is dropped', 'ALTER TABLE drifting DROP COLUMN note'],
  ['a column is renamed', 'ALTER TABLE drifting RENAME COLUMN note TO remark'],
  ['a type is changed', 'ALTER TABLE drifting ALTER value TYPE text USING value::text'],
  ['the table is dropped', 'DROP TABLE drifting'],
  ['the table is renamed', 'ALTER TABLE drifting RENAME TO drifted'],
] as const;

/** The migration holds its lock, uncommitted, until the run has looked at the old shape and waits for it. */
describe.each(['source', 'target'] as const)('a migration at the %s while a run is under way', (side) => {
  test.each(changes)(
    '%s: that collection stops with a clear code, others go on, no letters',
    async (_, migration) => {
      await using pair = await openPair({
        atSource: `${drifting}; ${steady}; ${fill}`,
        atTarget: `${drifting}; ${steady}`,
      });
      await using trial = await openTrial({
        source: pair.source.url,
        target: pair.target.url,
        collections: ['drifting', 'steady'],
      });
      const migrator = await pair[side].connect();
      await migrator.query(`BEGIN; ${migration}`);
      const running = trial.run();
      await sessionWaitingForLock(pair[side]);
      await migrator.query('COMMIT');
      const result = await running.then(
        ({ failures }) => ({
          codes: failures.map(({ collection, code }) => `${collection} ${code}`),
          whole: null,
        }),
        (thrown: { code: string; exit: string }) => ({ codes: [], whole: thrown }),
      );
      expect(trial.log.all('dead-letter.put')).toEqual([]);
      if (result.whole !== null) {
        // Found out before anything was touched.
        expect(['not-ready', 'collection-gone', 'shape-changed']).toContain(result.whole.code);
        expect(await count(pair.target, 'steady')).toBe(0);
        return;
      }
      expect(result.codes.length).toBeLessThanOrEqual(1);
      for (const code of result.codes)
        expect(code).toMatch(/^public\.drifting (shape-changed|collection-gone)$/);
      expect(await count(pair.target, 'steady')).toBe(50);
      if (result.codes.length === 0) expect(await count(pair.target, 'drifting')).toBe(500);
    },
  );
});

/** Reads of the first wait for its target, when both are planned and the second is not opened. */
test('a table dropped before its turn comes is told, and the others are there', async () => {
  await using pair = await openPair({
    atSource: `${drifting}; ${steady}; ${fill}`,
    atTarget: `${drifting}; ${steady}`,
  });
  await using trial = await openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections: ['steady', 'drifting'],
  });
  const holder = await pair.target.connect();
  await holder.query('BEGIN; LOCK steady IN SHARE MODE');
  const running = trial.run();
  await sessionWaitingForLock(pair.target);
  await pair.source.query('DROP TABLE drifting');
  await holder.query('COMMIT');
  const result = await running;
  expect(result).toMatchObject({
    result: 'failed',
    failures: [{ collection: 'public.drifting', code: 'collection-gone' }],
  });
  expect(result.collections.map(({ collection }) => collection)).toEqual([
    'public.steady',
    'public.drifting',
  ]);
  expect(await count(pair.target, 'steady')).toBe(50);
});

test('the next run after the migration takes the new shape', async () => {
  await using pair = await openPair({
    atSource: `${drifting}; ${steady}; ${fill}`,
    atTarget: `${drifting}; ${steady}`,
  });
  await using trial = await openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections: ['drifting', 'steady'],
  });
  await trial.run();
  const migration = 'ALTER TABLE drifting DROP COLUMN note; ALTER TABLE drifting ALTER value TYPE bigint';
  await pair.source.query(migration);
  await pair.target.query(migration);
  await pair.source.query('UPDATE drifting SET value = 5000000000 WHERE id = 7');
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(await pair.expectSame('drifting', 'steady')).toBe(550);
});
