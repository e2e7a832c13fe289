import { expect, test } from 'vitest';
import type { BatchStatement } from '../../src/connectors/postgres/session/session.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { failure, never, poolFor } from './support.ts';

const table = 'CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE big (v text)';
const insert = (id: number, v: string | null): BatchStatement => ({
  sql: 'INSERT INTO public.t VALUES ($1::int4, $2) RETURNING id, v',
  values: [String(id), v],
});
const options = { signal: never };

test('a batch is one transaction in one round trip, with the rows of each statement', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  await pool.use(async (session) => {
    const select = { sql: 'SELECT count(*), NULL FROM public.t', values: [] };
    const results = await session.batch([insert(1, 'a'), select, insert(2, null), select], options);
    expect(results).toEqual([[['1', 'a']], [['1', null]], [['2', null]], [['2', null]]]);
    await failure(
      session.batch([insert(3, 'c'), insert(1, 'again'), insert(4, 'd')], options),
      'unique-conflict',
    );
    expect(await session.batch([select], options)).toEqual([[['2', null]]]);
  }, options);
});

test('what is prepared stays prepared, and names that somebody took away do no harm', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  await pool.use(async (session) => {
    const names = async () =>
      (await session.query<{ name: string }>('SELECT name FROM pg_prepared_statements')).rows.length;
    for (let id = 0; id < 5; id += 1) await session.batch([insert(id, 'x')], options);
    expect(await names()).toBe(1);
    await failure(session.batch([insert(0, 'x')], options), 'unique-conflict');
    await session.batch([insert(5, 'x')], options);
    expect(await names()).toBe(1);
    await session.execute('DEALLOCATE ALL');
    await session.batch([insert(6, 'x'), insert(7, 'x')], options);
    expect((await db.query('SELECT FROM t')).rowCount).toBe(8);
  }, options);
});

test('values that can’t be made are told as themselves, whatever a division by zero means to their statement', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  const meaning = () => new LockstepError('row-missing', { collection: 't' });
  const divided = (by: number): BatchStatement => ({
    sql: 'SELECT 1 / $1::int4',
    values: [String(by)],
    refusals: { '22012': meaning },
  });
  const unmade: BatchStatement = {
    ...divided(1),
    values: () => {
      throw new LockstepError('value-not-encodable', {
        collection: 't',
        column: 'v',
        kind: 'x',
        type: 'int4',
      });
    },
  };
  await pool.use(async (session) => {
    await failure(session.batch([insert(1, 'a'), unmade], options), 'value-not-encodable');
    await failure(session.batch([divided(0), unmade], options), 'row-missing');
    expect((await db.query('SELECT FROM t')).rowCount).toBe(0);
    await session.batch([insert(1, 'a'), divided(1)], options);
  }, options);
});

test('values of every size arrive as they were sent, among others', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  const sizes = [0, 1, 4095, 4096, 5000, 65_536, 700_000];
  const sql = 'SELECT octet_length($1::bytea), md5($1::bytea), $2::text, octet_length($3::text)';
  const valuesOf = (size: number) => [Buffer.alloc(size, size % 251), `of ${size}`, 'ä'.repeat(size)];
  const expected = await Promise.all(
    sizes.map(async (size) => {
      const { rows } = await db.query<{ md5: string }>(
        `SELECT md5(decode(repeat('${(size % 251).toString(16).padStart(2, '0')}', ${size}), 'hex'))`,
      );
      return [[String(size), rows[0]?.md5 ?? '', `of ${size}`, String(2 * size)]];
    }),
  );
  const statements = sizes.map((size) => ({ sql, values: () => valuesOf(size) }));
  await pool.use(async (session) => {
    expect(await session.batch(statements, options)).toEqual(expected);
    expect(await session.batch(statements.toReversed(), options)).toEqual(expected.toReversed());
  }, options);
});

test('a batch within a transaction belongs to it', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  const undone = pool.use(
    (session) =>
      session.transaction(async () => {
        await session.batch([insert(1, 'a')], options);
        throw new Error('changed my mind');
      }),
    options,
  );
  await expect(undone).rejects.toThrow('changed my mind');
  expect((await db.query('SELECT FROM t')).rowCount).toBe(0);
});

test('values that can’t be made undo what was sent already, and what is told is why', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  await pool.use(async (session) => {
    const large = { sql: 'INSERT INTO public.big VALUES ($1)', values: ['x'.repeat(300_000)] };
    const unmade = {
      ...insert(1, 'a'),
      values: () => {
        throw new LockstepError('value-not-encodable', {
          collection: 't',
          column: 'v',
          kind: 'x',
          type: 'text',
        });
      },
    };
    await failure(session.batch([large, large, unmade], options), 'value-not-encodable');
    expect((await db.query('SELECT FROM big')).rowCount).toBe(0);
    await session.batch([large, insert(1, 'a')], options);
    expect((await db.query('SELECT FROM big')).rowCount).toBe(1);
  }, options);
});

test('a statement may say what its failure means', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query(table);
  const refuse = {
    sql: 'SELECT 1 / count(*) FROM public.t',
    values: [],
    refusals: { '22012': () => new LockstepError('row-missing', { collection: 't' }) },
  };
  await pool.use(async (session) => {
    await failure(session.batch([refuse], options), 'row-missing');
    expect(await session.batch([insert(1, 'a'), refuse], options)).toEqual([[['1', 'a']], [['1']]]);
  }, options);
});
