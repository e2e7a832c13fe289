import { describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../src/index.ts';
import { expectSameTable } from '../support/export.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openPair } from './support/pair.ts';
import { openTrial } from './support/trial.ts';

const rows = 8_000;
const columns = `id int PRIMARY KEY, name text NOT NULL`;
const source = `CREATE TABLE people (${columns});
  INSERT INTO people SELECT n, 'person ' || n FROM generate_series(1, ${rows}) AS n; ANALYZE people`;
/** Theirs: 100 keys that we do not have, and 50 keys that we have too. */
const target = `CREATE TABLE people (${columns}, owner text NOT NULL DEFAULT 'us', gone boolean NOT NULL DEFAULT false);
  INSERT INTO people SELECT n, 'theirs ' || n, 'them' FROM generate_series(100001, 100100) AS n;
  INSERT INTO people SELECT n, 'theirs ' || n, 'them' FROM generate_series(1, 50) AS n`;

type Collection = Extract<Exclude<PipelineConfig['collections'], readonly unknown[]>[string], object>;

const scopes: Readonly<Record<string, Collection>> = {
  where: { scope: { where: `owner = 'us'` } },
  owned: { scope: 'owned' },
};
const leavings: Readonly<Record<string, Collection>> = {
  delete: { leaving: 'delete' },
  mark: { leaving: { mark: { set: { gone: 'true' }, marked: 'gone', clear: { gone: 'false' } } } },
  custom: {
    leaving: {
      custom: {
        statement: 'UPDATE public.people AS p SET gone = true FROM leaving AS l WHERE l.id = p.id',
        absent: 'gone',
        clear: { gone: 'false' },
      },
    },
  },
  keep: { leaving: 'keep' },
};
const cases = Object.keys(scopes).flatMap((scope) =>
  Object.keys(leavings).map((leaving) => [scope, leaving] as const),
);

const theirs = async (db: TestDatabase): Promise<string> => {
  const { rows: found } = await db.query<{ digest: string }>(
    `SELECT md5(string_agg(p::text, ',' ORDER BY id)) AS digest FROM people AS p WHERE owner = 'them'`,
  );
  return found[0]?.digest ?? '';
};

/** What we are to have: all of the source but the keys that are theirs. */
const expected = (url: string) => ({ url, query: 'SELECT id, name FROM people WHERE id > 50', key: ['id'] });
const ours = (url: string) => ({
  url,
  query: `SELECT id, name FROM people WHERE owner = 'us' AND NOT gone`,
  key: ['id'],
});

describe('rows of others outside of our scope (rule 11)', () => {
  test.each(cases)(
    'scope %s, leaving %s: never counted, changed or deleted; clashes are letters',
    async (scope, leaving) => {
      await using pair = await openPair({ atSource: source, atTarget: target });
      const before = await theirs(pair.target);
      const people: Collection = {
        ...scopes[scope],
        ...leavings[leaving],
        columns: ['id', 'name'],
        owned: ['owner', 'gone'],
      };
      await using trial = await openTrial({
        source: pair.source.url,
        target: pair.target.url,
        collections: { people },
        settings: { rowsPerPartition: 2_000 },
      });
      expect(await trial.run()).toMatchObject({
        result: 'pending',
        deadLetters: 50,
        failures: [],
        guards: [],
      });
      const codes = new Set(trial.log.all('dead-letter.put').map(({ code }) => code));
      expect([...codes]).toEqual(['key-clash']);
      expect(await theirs(pair.target)).toBe(before);
      expect(await expectSameTable(expected(pair.source.url), ours(pair.target.url))).toBe(rows - 50);

      await pair.source.query(`DELETE FROM people WHERE id BETWEEN 60 AND 160; UPDATE people SET name = 'new' WHERE id = 500;
      DELETE FROM people WHERE id = 7`);
      const second = await trial.run();
      expect(second).toMatchObject({ result: 'pending', deadLetters: 49, failures: [], guards: [] });
      expect(await theirs(pair.target)).toBe(before);
      const gone = leaving === 'keep' ? 0 : 101;
      const {
        rows: [kept],
      } = await pair.target.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM people WHERE owner = 'us' AND NOT gone`,
      );
      expect(kept?.n).toBe(rows - 50 - gone);
      if (leaving !== 'keep') await expectSameTable(expected(pair.source.url), ours(pair.target.url));
      await pair.source.query(`INSERT INTO people SELECT n, 'back ' || n FROM generate_series(60, 160) AS n`);
      await trial.run();
      expect(await expectSameTable(expected(pair.source.url), ours(pair.target.url))).toBe(rows - 50);
      expect(await theirs(pair.target)).toBe(before);
    },
  );
});

test('somebody writes into the target while we copy: theirs stay outside of our scope, ours are made right', async () => {
  await using pair = await openPair({
    atSource: source,
    atTarget: `CREATE TABLE people (${columns}, owner text NOT NULL DEFAULT 'us')`,
  });
  await using trial = await openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections: { people: { scope: { where: `owner = 'us'` }, columns: ['id', 'name'], owned: ['owner'] } },
    settings: { rowsPerPartition: 500, lanes: 2 },
  });
  const other = await pair.target.connect();
  const stop = new AbortController();
  const writing = (async () => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      const id = (n * 37) % rows;
      await other.query(`INSERT INTO people VALUES ($1, 'theirs', 'them') ON CONFLICT DO NOTHING`, [
        200_000 + n,
      ]);
      await other.query(`INSERT INTO people VALUES ($1, 'too early', 'us') ON CONFLICT DO NOTHING`, [id + 1]);
      await other.query(`UPDATE people SET name = 'meddled' WHERE id = $1 AND owner = 'us'`, [id + 3]);
      await other.query(`DELETE FROM people WHERE id = $1 AND owner = 'us'`, [id + 5]);
    }
  })();
  const first = await trial.run();
  stop.abort();
  await writing;
  expect(first.failures).toEqual([]);
  const them = await theirs(pair.target);
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
  const all = (url: string) => ({ url, query: 'SELECT id, name FROM people', key: ['id'] });
  const us = (url: string) => ({ url, query: `SELECT id, name FROM people WHERE owner = 'us'`, key: ['id'] });
  expect(await expectSameTable(all(pair.source.url), us(pair.target.url))).toBe(rows);
  expect(await theirs(pair.target)).toBe(them);
});

test('a row that is back but stays marked, because nothing unmarks it: a letter, not an endless rewriting', async () => {
  await using pair = await openPair({
    atSource: source,
    atTarget: `CREATE TABLE people (${columns}, gone boolean NOT NULL DEFAULT false)`,
  });
  const statement = 'UPDATE public.people AS p SET gone = true FROM leaving AS l WHERE l.id = p.id';
  await using trial = await openTrial({
    source: pair.source.url,
    target: pair.target.url,
    collections: {
      people: {
        columns: ['id', 'name'],
        owned: ['gone'],
        leaving: { custom: { statement, absent: 'gone' } },
      },
    },
  });
  await trial.run();
  await pair.source.query('DELETE FROM people WHERE id <= 5');
  expect(await trial.run()).toMatchObject({ result: 'equal', collections: [{ left: 5 }] });
  await pair.source.query(`INSERT INTO people VALUES (1, 'back')`);
  expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 1 });
  expect(trial.log.all('dead-letter.put')).toMatchObject([{ key: '["1"]', code: 'value-refused' }]);
  await pair.target.query('UPDATE people SET gone = false WHERE id = 1');
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
});
