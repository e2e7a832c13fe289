import { expect, test } from 'vitest';
import { compareTables } from '../support/export.ts';
import { openPair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

const users = `CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text, secret text, born date, active boolean, at timestamptz);
  INSERT INTO users SELECT n, 'name ' || n, 'e' || n || '@x', 'secret', date '2000-01-01' + n, n % 4 > 0, timestamptz '2024-01-01 12:00+00' + n * interval '1 hour'
    FROM generate_series(1, 400) AS n`;

async function sameAs(
  pair: { source: { url: string }; target: { url: string } },
  expected: string,
  actual: string,
) {
  const key = ['id'];
  return compareTables(
    { url: pair.source.url, query: expected, key },
    { url: pair.target.url, query: actual, key },
  );
}

test('a list of columns, exclusion: what is not named is neither read nor made', async () => {
  await using pair = await openPair();
  await pair.source.query(users);
  const role = await pair.source.createRole();
  await pair.source.query(`GRANT SELECT (id, name, born) ON users TO ${role}`);
  const engine = await pair.engine(
    { collections: { users: { columns: ['id', 'name', 'born'] } }, create: true },
    { source: { connector: 'postgres', url: pair.source.urlFor({ user: role }) } },
  );
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await sameAs(pair, 'SELECT id, name, born FROM users', 'SELECT * FROM users')).toEqual({
    equal: true,
    rows: 400,
  });

  const excluding = await pair.engine({
    collections: { users: { target: 'others', exclude: ['secret', 'email'] } },
    create: true,
  });
  expect(await excluding.run('it')).toMatchObject({ result: 'equal' });
  expect(await sameAs(pair, 'SELECT id, name, born, active, at FROM users', 'SELECT * FROM others')).toEqual({
    equal: true,
    rows: 400,
  });
});

test('renames, expressions, a filter, a renamed key', async () => {
  await using pair = await openPair();
  await pair.source.query(users);
  await pair.target.query(
    `CREATE SCHEMA crm; CREATE TABLE crm."People" (id bigint PRIMARY KEY, "Full name" varchar(40), age_days int, day date, tag text DEFAULT 'x')`,
  );
  const collections = {
    users: {
      target: 'crm."People"',
      columns: {
        id: true,
        'Full name': { expression: 'name::varchar(40)' },
        age_days: { expression: `date '2024-01-01' - born` },
        day: { expression: 'at::date' },
      },
      filter: 'active AND id > 10',
    },
  } as const;
  const engine = await pair.engine({ collections });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const expected = `SELECT id::bigint, name::varchar(40) AS "Full name", (date '2024-01-01' - born) AS age_days, at::date AS day FROM users WHERE active AND id > 10`;
  const actual = 'SELECT id, "Full name", age_days, day FROM crm."People"';
  expect(await sameAs(pair, expected, actual)).toMatchObject({ equal: true, rows: 292 });
  expect(await writesOf(pair.target, 'crm."People"', () => engine.run('it'))).toEqual(nothing);

  await pair.source.query(
    'UPDATE users SET active = false WHERE id = 399; UPDATE users SET active = true WHERE id = 12; UPDATE users SET name = $$x$$ WHERE id = 13',
  );
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, updated: 1, left: 1 }],
  });
  expect(await sameAs(pair, expected, actual)).toMatchObject({ equal: true, rows: 292 });
});

test.for([true, false])(
  'owned columns are never written and never compared (existing rows: %s)',
  async (existing) => {
    await using pair = await openPair();
    await pair.source.query(users);
    await pair.target.query(
      `CREATE TABLE users (id int PRIMARY KEY, name text, note text DEFAULT 'none', born date)`,
    );
    if (existing)
      await pair.target.query(
        `INSERT INTO users SELECT n, 'other', 'mine ' || n FROM generate_series(1, 50) AS n`,
      );
    const engine = await pair.engine({
      collections: { users: { columns: ['id', 'name', 'born'], owned: ['note'], scope: 'all' } },
    });
    expect(await engine.run('it')).toMatchObject({ result: 'equal' });
    await pair.target.query(`UPDATE users SET note = 'changed' WHERE id > 390`);
    expect(await engine.verify('it')).toMatchObject({ equal: true });
    await pair.source.query('UPDATE users SET name = upper(name)');
    await engine.run('it');
    expect(
      await sameAs(pair, 'SELECT id, name, born FROM users', 'SELECT id, name, born FROM users'),
    ).toMatchObject({ equal: true });
    const { rows } = await pair.target.query(
      'SELECT note, count(*)::int FROM users GROUP BY note LIKE $1, note ORDER BY count(*) DESC, note LIMIT 2',
      ['mine%'],
    );
    expect(rows).toEqual([
      { note: 'none', count: existing ? 340 : 390 },
      { note: 'changed', count: 10 },
    ]);
  },
);

test('several collections from one source, into one shared target by scope', async () => {
  await using pair = await openPair();
  await pair.source.query(`${users}; CREATE VIEW inactive AS SELECT id, name FROM users WHERE NOT active;
    CREATE VIEW active AS SELECT id, name FROM users WHERE active`);
  await pair.target.query('CREATE TABLE people (id int PRIMARY KEY, name text, kind text)');
  const part = (kind: string) => ({
    target: 'people',
    key: ['id'],
    columns: { id: true, name: true, kind: { expression: `text '${kind}'` } } as const,
    scope: { where: `kind = '${kind}'` },
  });
  const engine = await pair.engine({ collections: { active: part('active'), inactive: part('inactive') } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const expected = `SELECT id, name, CASE WHEN active THEN 'active' ELSE 'inactive' END AS kind FROM users`;
  expect(await sameAs(pair, expected, 'SELECT * FROM people')).toEqual({ equal: true, rows: 400 });
  expect(await writesOf(pair.target, 'people', () => engine.run('it'))).toEqual(nothing);
  await pair.target.query(
    `DELETE FROM people WHERE id < 9; INSERT INTO people VALUES (1000, 'stranger', 'other'), (1001, 'extra', 'active')`,
  );
  expect((await engine.verify('it')).collections).toMatchObject([
    { missing: 6, extra: 1 },
    { missing: 2, extra: 0 },
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await sameAs(pair, expected, `SELECT * FROM people WHERE kind <> 'other'`)).toEqual({
    equal: true,
    rows: 400,
  });
});

test('generated and identity columns, and sequences that are never lowered', async () => {
  await using pair = await openPair();
  const shape = `CREATE TABLE things (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, name text, double text GENERATED ALWAYS AS (name || name) STORED)`;
  await pair.both(shape);
  await pair.source.query(
    `INSERT INTO things (name) SELECT 'n' || g FROM generate_series(1, 300) AS g; DELETE FROM things WHERE id > 290`,
  );
  await pair.target.query(`SELECT setval('things_n_seq', 5000)`);
  const engine = await pair.engine({ collections: ['things'] });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('things')).toBe(290);
  await pair.target.query(`INSERT INTO things (name) VALUES ('next')`);
  expect((await pair.target.query(`SELECT id, n FROM things WHERE name = 'next'`)).rows).toEqual([
    { id: 301, n: 5001 },
  ]);
  expect(await engine.run('it')).toMatchObject({ collections: [{ left: 1 }] });
  await pair.target.query(`INSERT INTO things (name) VALUES ('again')`);
  expect((await pair.target.query(`SELECT id, n FROM things WHERE name = 'again'`)).rows).toEqual([
    { id: 302, n: 5002 },
  ]);
});

test('a value that the target’s narrower type would cut is refused, never cut', async () => {
  await using pair = await openPair();
  await pair.source.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text, n numeric); INSERT INTO t VALUES (1, 'short', 1), (2, 'much too long', 1.234), (3, 'ok', 2.5)`,
  );
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v varchar(5), n numeric(8,2))');
  const engine = await pair.engine({ collections: { t: { columns: { id: true, v: true, n: true } } } });
  const [check] = await engine.check('it');
  const narrowing = check?.findings.map(({ subject }) => subject);
  expect(narrowing).toEqual(
    expect.arrayContaining([expect.stringContaining('v'), expect.stringContaining('n')]),
  );
  const run = await engine.run('it').catch((error: Error) => error);
  const { rows } = await pair.target.query(`SELECT id FROM t WHERE v = 'much '`);
  expect({ rows, run }).toMatchObject({ rows: [] });
});
