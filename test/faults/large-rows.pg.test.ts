import { expect, test } from 'vitest';
import { runChild } from '../support/child.ts';
import { expectSameTable } from '../support/export.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openPair } from './support/pair.ts';
import { openTrial } from './support/trial.ts';

const megabytes = 300;
const mostRssMb = 300;

test(`a row of ${megabytes} MB passes in bounded memory`, async () => {
  await using pair = await openPair({
    atSource: `CREATE TABLE documents (id int PRIMARY KEY, body text NOT NULL);
      ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
      INSERT INTO documents VALUES (1, 'small'), (2, repeat('0123456789abcdef', ${(megabytes * 1024 * 1024) / 16}))`,
  });
  await using directory = await temporaryDirectory();
  const run = await runChild({
    file: new URL('./support/run-once.ts', import.meta.url).pathname,
    args: [pair.source.url, pair.target.url, 'documents', directory.path],
    timeoutMs: 110_000,
  });
  expect(run.stderr).toBe('');
  const { result, peakRssMb } = JSON.parse(run.stdout) as { result: string; peakRssMb: number };
  expect(result).toBe('equal');
  process.stderr.write(`a row of ${megabytes} MB: peak ${peakRssMb} MB\n`);
  expect(peakRssMb).toBeLessThan(mostRssMb);
  const judged = 'SELECT id, length(body) AS length, md5(body) AS md5 FROM documents';
  const side = (url: string) => ({ url, query: judged, key: ['id'] });
  expect(await expectSameTable(side(pair.source.url), side(pair.target.url))).toBe(2);
}, 120_000);

const kilobytes = (n: number): string => `repeat('x', ${n * 1024})`;

test('rows above maxRowBytes, where rows are decoded, become letters; the others arrive, now and when it is mended', async () => {
  await using pair = await openPair({
    atSource: `CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL);
      INSERT INTO notes SELECT n, CASE WHEN n % 100 = 50 THEN ${kilobytes(80)} ELSE 'note ' || n END
      FROM generate_series(1, 300) AS n`,
    atTarget: 'CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL)',
  });
  const { source, target } = pair;
  await using trial = await openTrial({
    source: source.url,
    target: target.url,
    collections: { notes: { map: (row) => row, columns: ['id', 'body'] } },
    sourceConfig: { maxRowBytes: 65_536 },
  });
  const keys = () => trial.log.all('dead-letter.put').map(({ key, code }) => `${code} ${key}`);
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 3, failures: [] });
  expect(keys().toSorted()).toEqual(['150', '250', '50'].map((id) => `row-too-large ["${id}"]`));
  const small = (url: string) => ({
    url,
    query: 'SELECT * FROM notes WHERE length(body) < 1000',
    key: ['id'],
  });
  expect(await expectSameTable(small(source.url), small(target.url))).toBe(297);
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 3, failures: [] });
  await source.query(
    `UPDATE notes SET body = 'short' WHERE id = 50; DELETE FROM notes WHERE id IN (150, 250)`,
  );
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await pair.expectSame('notes')).toBe(298);
});

test.for(['direct', 'staged'] as const)(
  'a row of the target above maxRowBytes that the source has no more is found by its key, and leaves (refresh: %s)',
  async (by) => {
    const table = `CREATE TABLE notes (body text NOT NULL, area text COLLATE "C", id int, PRIMARY KEY (area, id))`;
    const rows = `INSERT INTO notes SELECT CASE WHEN n % 50 = 7 THEN ${kilobytes(80)} ELSE 'note ' || n END, 'a', n
      FROM generate_series(1, 200) AS n`;
    await using pair = await openPair({ atSource: `${table}; ${rows}`, atTarget: `${table}; ${rows}` });
    const { source, target } = pair;
    await using trial = await openTrial({
      source: source.url,
      target: target.url,
      collections: { notes: { map: (row) => row, columns: ['body', 'area', 'id'], scope: 'all' } },
      settings: { refresh: { by } },
      targetConfig: { maxRowBytes: 65_536 },
    });
    expect(await trial.engine.verify('trial')).toMatchObject({
      equal: true,
      collections: [{ sourceRows: 200, targetRows: 200, method: 'rows read and hashed' }],
    });
    await source.query('DELETE FROM notes WHERE id IN (7, 8)');
    expect(await trial.engine.verify('trial')).toMatchObject({
      equal: false,
      collections: [{ extra: 2, missing: 0, different: 0 }],
    });
    expect(await trial.run()).toMatchObject({ result: 'equal', collections: [{ left: 2, updated: 0 }] });
    expect(await trial.engine.verify('trial')).toMatchObject({ equal: true });
    expect(await pair.expectSame('notes')).toBe(198);
  },
);

test('an index entry above what the target’s index takes: that row alone is a letter', async () => {
  const table = 'CREATE TABLE labels (id int PRIMARY KEY, label text NOT NULL)';
  await using pair = await openPair({
    atSource: `${table}; INSERT INTO labels SELECT n, 'label ' || n FROM generate_series(1, 500) AS n;
      INSERT INTO labels SELECT 501, string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n`,
    atTarget: `${table}; CREATE INDEX ON labels (label)`,
  });
  const { source, target } = pair;
  await using trial = await openTrial({ source: source.url, target: target.url, collections: ['labels'] });
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1, failures: [] });
  expect(trial.log.all('dead-letter.put')).toMatchObject([{ key: '["501"]', code: 'row-too-large' }]);
  const fitting = (url: string) => ({ url, query: 'SELECT * FROM labels WHERE id < 501', key: ['id'] });
  expect(await expectSameTable(fitting(source.url), fitting(target.url))).toBe(500);
  await source.query(`UPDATE labels SET label = 'short' WHERE id = 501`);
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await pair.expectSame('labels')).toBe(501);
});
