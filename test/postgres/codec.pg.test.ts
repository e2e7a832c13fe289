import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeTable } from '../../src/connectors/postgres/catalog/describe-table.ts';
import { RowDecoder } from '../../src/connectors/postgres/copy/binary-decoder.ts';
import { copyHeader, copyTrailer, RowEncoder } from '../../src/connectors/postgres/copy/binary-encoder.ts';
import { contentOf } from '../../src/connectors/postgres/copy/row-content.ts';
import type { Session } from '../../src/connectors/postgres/session/session.ts';
import { typeRule } from '../../src/connectors/postgres/types/type-table.ts';
import type { Row, Value } from '../../src/protocol/value.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { never, poolFor } from './support.ts';

/** Everything of a table with its first column left out of the bytes: decoded rows and the server's own bytes. */
async function readBack(
  session: Session,
  table: string,
): Promise<{ rows: Row[]; bytes: Buffer[]; encoder: RowEncoder }> {
  const shape = await describeTable(session, { schema: 'public', table });
  const columns = (shape?.columns ?? []).map(({ name, type }) => ({ name, codec: typeRule(type).codec }));
  const decoder = new RowDecoder(columns, { maxRowBytes: 1e9 });
  const rows: Row[] = [];
  const bytes: Buffer[] = [];
  const take = ({ chunks }: ReturnType<RowDecoder['push']>): void => {
    for (const chunk of chunks) {
      const content = contentOf(chunk.backing);
      for (const row of chunk.rows) {
        const base = (content?.rows.indexOf(row) ?? 0) * (columns.length + 1);
        bytes.push(
          Buffer.from(
            content?.bytes.subarray(content.offsets[base], content.offsets[base + columns.length]) ?? [],
          ),
        );
      }
      rows.push(...chunk.rows);
    }
  };
  const sql = `COPY (SELECT * FROM public.${table} ORDER BY 1) TO STDOUT (FORMAT binary)`;
  for await (const piece of session.copyOut(sql, { signal: never })) take(decoder.push(piece.bytes));
  take(decoder.finish());
  return { rows, bytes, encoder: new RowEncoder(shape?.columns ?? [], table) };
}

interface Rows {
  readonly table: string;
  readonly rows: readonly Row[];
  readonly encoder: RowEncoder;
}

async function store(session: Session, { table, rows, encoder }: Rows): Promise<void> {
  await session.execute(`TRUNCATE public.${table}`);
  const copy = await session.copyIn(`COPY public.${table} FROM STDIN (FORMAT binary)`, { signal: never });
  for (const part of [copyHeader, encoder.encodeRows(rows), copyTrailer]) await copy.write(part);
  expect(await copy.end()).toBe(rows.length);
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.replaceAll('\0', ''));
const digits = (most: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most });
const numeric = fc.oneof(
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '0',
    '0.000',
    '10000',
    '0.0001',
    '-0.00012345',
    '1e10',
    '12.5e-7',
    '99999999.9999',
  ),
  fc
    .tuple(fc.constantFrom('', '-'), digits(30), digits(30))
    .map(([sign, whole, part]) => `${sign}${whole}.${part}`),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
);
const json = fc
  .jsonValue({ noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '')));
const wellFormed = (value: Value): boolean =>
  JSON.stringify(value)?.isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value));
const moment = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const stamp = fc.oneof(
  fc.constantFrom(
    'infinity',
    '-infinity',
    '0044-03-15T12:00:00.5 BC',
    '294276-12-31T23:59:58.4',
    '4713-01-01 00:00:00 BC',
  ),
  fc
    .tuple(moment, fc.nat(999))
    .map(([date, micros]) => date.toISOString().replace('Z', String(micros).padStart(3, '0'))),
  moment,
);
const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { freq: 10 });

const row = fc.record({
  i2: nullable(fc.integer({ min: -32768, max: 32767 })),
  i4: nullable(fc.integer()),
  i8: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  o: nullable(fc.nat(4294967295)),
  f4: nullable(fc.float()),
  f8: nullable(fc.double()),
  n: nullable(numeric),
  b: nullable(fc.boolean()),
  t: nullable(text),
  v: nullable(text),
  c: nullable(fc.string({ unit: fc.constantFrom(...'abÄ€😀'), maxLength: 5 })),
  q: nullable(fc.constantFrom('', 'x', '\\200', '\\377')),
  u: nullable(fc.uuid()),
  x: nullable(fc.uint8Array({ maxLength: 50 })),
  js: nullable(json.filter(wellFormed)),
  jb: nullable(json.filter(wellFormed)),
  d: nullable(
    fc.oneof(
      fc.constantFrom('infinity', '-infinity', '0044-03-15 BC', '5874897-12-31'),
      moment.map((date) => date.toISOString().slice(0, 10)),
    ),
  ),
  ts: nullable(stamp),
  tz: nullable(stamp),
  tm: nullable(fc.constantFrom('00:00:00', '24:00:00', '23:59:59.999999', '12:34:56.7')),
  tt: nullable(fc.constantFrom('00:00:00+00', '12:34:56.7-03:30', '01:02:03.456789+14', '01:02:03+00:00:30')),
});

const plain = `id int PRIMARY KEY, i2 int2, i4 int4, i8 int8, o oid, f4 float4, f8 float8, n numeric, b bool, t text, v varchar,
  c char(5), q "char", u uuid, x bytea, js json, jb jsonb, d date, ts timestamp, tz timestamptz, tm time, tt timetz`;

const modified = `id int PRIMARY KEY, i2 int2, i4 int4, i8 int8, o oid, f4 float4, f8 float8, n numeric(80,3), b bool, t text,
  v varchar(80), c char(8), q "char", u uuid, x bytea, js json, jb jsonb, d date, ts timestamp(3), tz timestamptz(0), tm time(2),
  tt timetz(1)`;

test.for([
  ['plain', plain],
  ['modified', modified],
])(
  'what the encoder says is stored is what the server stores, and it reads and writes back equal: %s',
  async ([, columns]) => {
    await using database = await createTestDatabase();
    await using pool = poolFor(database.url);
    await database.query(`CREATE TABLE t (${columns}); CREATE TABLE again (LIKE t)`);
    await pool.use(
      async (session) => {
        const { encoder } = await readBack(session, 't');
        const property = fc.asyncProperty(
          fc.array(row, { minLength: 1, maxLength: 60 }),
          async (generated) => {
            // A numeric with a precision takes no infinity.
            const finite = (n: unknown) => columns === plain || !String(n).includes('Infinity');
            const rows: Row[] = generated.map((values, id) => ({
              id,
              ...values,
              n: finite(values.n) ? values.n : null,
            }));
            await store(session, { table: 't', rows, encoder });
            const first = await readBack(session, 't');
            rows.forEach((value, index) => {
              expect(
                Buffer.concat(encoder.stored([value])).toString('hex'),
                JSON.stringify(first.rows[index], plainJson),
              ).toBe(first.bytes[index]?.toString('hex'));
            });
            await store(session, { table: 'again', rows: first.rows, encoder });
            const second = await readBack(session, 'again');
            expect(second.rows).toEqual(first.rows);
            expect(second.bytes.map((bytes) => bytes.toString('hex'))).toEqual(
              first.bytes.map((bytes) => bytes.toString('hex')),
            );
          },
        );
        await fc.assert(property, { numRuns: 25 });
      },
      { signal: never },
    );
  },
);

const plainJson = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

test('json numbers that JavaScript can not hold are written back as they were read', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query(`CREATE TABLE t (id int PRIMARY KEY, js json, jb jsonb); CREATE TABLE again (LIKE t);
    INSERT INTO t VALUES (1, '{"b" : 1,  "a":[1.50, 1e2]}', '{"n": 1.50, "big": 123456789012345678901234567890}'),
      (2, '1.500', '1.500'), (3, ' "x" ', '12345678901234567890'), (4, '{"a":1,"a":2}', '[1.0]')`);
  await pool.use(
    async (session) => {
      const first = await readBack(session, 't');
      expect(first.rows[0]?.['jb']).toEqual({ n: 1.5, big: 1.2345678901234568e29 });
      await store(session, { ...first, table: 'again' });
      expect((await readBack(session, 'again')).bytes).toEqual(first.bytes);
    },
    { signal: never },
  );
});

test('values are what the reference says', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query(`CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN cents AS numeric(12,2);
    CREATE TABLE t AS SELECT 1 AS id, 2::int8 AS big, 1.50 AS n, 'x'::char(3) AS c, '\\x00ff'::bytea AS x,
    '2026-01-02'::date AS d, '2026-01-02 03:04:05.120'::timestamp AS ts, '2026-01-02 03:04:05.123456+01'::timestamptz AS tz,
    '0044-03-15 01:02:03+00 BC'::timestamptz AS bc, '03:04'::time AS tm, '03:04+05:30'::timetz AS tt, 'sad'::mood AS mood,
    5::cents AS cents, 1.5::float4 AS f4, true AS b, 'é'::text AS t, NULL::text AS nothing`);
  await pool.use(
    async (session) => {
      expect((await readBack(session, 't')).rows).toEqual([
        {
          id: 1,
          big: 2n,
          n: '1.50',
          c: 'x  ',
          x: new Uint8Array([0, 255]),
          d: '2026-01-02',
          ts: '2026-01-02T03:04:05.12',
          tz: '2026-01-02T02:04:05.123456Z',
          bc: '0044-03-15T01:02:03Z BC',
          tm: '03:04:00',
          tt: '03:04:00+05:30',
          mood: 'sad',
          cents: '5.00',
          f4: 1.5,
          b: true,
          t: 'é',
          nothing: null,
        },
      ]);
    },
    { signal: never },
  );
});

test('rows are found however the network cuts the stream, and one above the limit is told apart', async () => {
  await using database = await createTestDatabase();
  await using pool = poolFor(database.url);
  await database.query(`CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT i, repeat('x', CASE i WHEN 1 THEN 50000 WHEN 40 THEN 90000 ELSE i * 10 END) FROM generate_series(1, 80) i`);
  const pieces: Buffer[] = [];
  await pool.use(
    async (session) => {
      const sql = 'COPY (SELECT * FROM public.t ORDER BY id) TO STDOUT (FORMAT binary)';
      for await (const { bytes } of session.copyOut(sql, { signal: never })) pieces.push(bytes);
    },
    { signal: never },
  );
  const stream = Buffer.concat(pieces);
  for (const size of [1, 7, 4096]) {
    const decoder = new RowDecoder(
      [
        { name: 'id', codec: 'int4' },
        { name: 'v', codec: 'text' },
      ],
      { maxRowBytes: 20_000 },
    );
    const decoded = [];
    for (let at = 0; at < stream.length; at += size)
      decoded.push(decoder.push(stream.subarray(at, at + size)));
    decoded.push(decoder.finish());
    const ids = decoded.flatMap(({ chunks }) => chunks.flatMap(({ rows }) => rows.map(({ id }) => id)));
    expect(ids).toEqual(
      Array.from({ length: 80 }, (_, index) => index + 1).filter((id) => id !== 1 && id !== 40),
    );
    const oversized = decoded.flatMap((part) => part.oversized);
    expect(oversized.map(({ firstValues }) => firstValues[0])).toEqual([1, 40]);
  }
});

test('a stream without its end is no stream', () => {
  const decoder = new RowDecoder([{ name: 'id', codec: 'int4' }], { maxRowBytes: 1000 });
  decoder.push(copyHeader);
  expect(() => decoder.finish()).toThrow('before its trailer');
});
