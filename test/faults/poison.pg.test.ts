import { expect, test } from 'vitest';
import { expectSameTable } from '../support/export.ts';
import { openPair } from './support/pair.ts';
import { count } from './support/states.ts';
import { openTrial } from './support/trial.ts';

const table = 'CREATE TABLE readings (id int PRIMARY KEY, value int NOT NULL)';
const strict = 'CREATE TABLE readings (id int PRIMARY KEY, value int NOT NULL CHECK (value >= 0))';
const fill = (rows: number, isPoison: string): string =>
  `${table}; INSERT INTO readings SELECT n, CASE WHEN ${isPoison} THEN -1 ELSE n END
     FROM generate_series(1, ${rows}) AS n; ANALYZE readings`;

const sound = (url: string) => ({ url, query: 'SELECT * FROM readings WHERE value >= 0', key: ['id'] });

test('one poison row among a million: it alone is a letter, and once it is mended the next run resolves it', async () => {
  const rows = 1_000_000;
  await using pair = await openPair({ atSource: fill(rows, 'n = 543210'), atTarget: strict });
  const { source, target } = pair;
  await using trial = await openTrial({ source: source.url, target: target.url, collections: ['readings'] });
  const startedAt = performance.now();
  const result = await trial.run();
  const seconds = (performance.now() - startedAt) / 1000;
  process.stderr.write(`a poison row among a million: ${seconds.toFixed(1)} s\n`);
  expect(result).toMatchObject({ result: 'pending', deadLetters: 1, failures: [] });
  expect(trial.log.all('dead-letter.put')).toMatchObject([{ key: '["543210"]', code: 'value-refused' }]);
  expect(await expectSameTable(sound(source.url), sound(target.url))).toBe(rows - 1);
  expect(seconds).toBeLessThan(60);

  await source.query('UPDATE readings SET value = 1 WHERE id = 543210');
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(trial.log.all('dead-letter.resolved')).toMatchObject([{ count: 1 }]);
  expect(await pair.expectSame('readings')).toBe(rows);
}, 120_000);

test('a thousand poison rows: exactly they are letters, a repeat adds none, and those that are deleted are resolved', async () => {
  const rows = 50_000;
  await using pair = await openPair({ atSource: fill(rows, 'n % 50 = 7'), atTarget: strict });
  const { source, target } = pair;
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: ['readings'],
    settings: { rowsPerPartition: 10_000 },
  });
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1000, failures: [] });
  expect(await expectSameTable(sound(source.url), sound(target.url))).toBe(rows - 1000);
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1000 });
  const verified = await trial.engine.verify('trial');
  expect(verified).toMatchObject({
    equal: false,
    collections: [{ missing: 1000, explained: { deadLetters: 1000 } }],
  });
  await source.query(
    'DELETE FROM readings WHERE value < 0 AND id % 100 = 7; UPDATE readings SET value = 5 WHERE value < 0',
  );
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await pair.expectSame('readings')).toBe(rows - 500);
}, 60_000);

test('more poison than the limit: the collection stops and says so, others go on, and nothing of ours is lost', async () => {
  await using pair = await openPair({
    atSource: `${fill(2_000, 'n % 10 = 0')}; CREATE TABLE zones (id int PRIMARY KEY); INSERT INTO zones VALUES (1), (2)`,
    atTarget: strict,
  });
  const { source, target } = pair;
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: ['readings', 'zones'],
    settings: { create: true, deadLetterLimit: 50 },
  });
  const result = await trial.run();
  expect(result).toMatchObject({
    result: 'failed',
    failures: [{ collection: 'public.readings', code: 'dead-letters-full' }],
  });
  expect(await count(target, 'zones')).toBe(2);
  const [status] = await trial.engine.status('trial');
  expect(status?.deadLetters[0]?.count ?? 0).toBeLessThanOrEqual(50);
  await source.query('UPDATE readings SET value = 0 WHERE value < 0');
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(await pair.expectSame('readings', 'zones')).toBe(2_002);
});
