import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { never, readerFor, selecting } from '../support.ts';
import { followFeed } from './feed-under-test.ts';

const types: readonly (readonly [string, string])[] = [
  ['smallint', '-3'],
  ['bigint', '9007199254740993'],
  ['numeric', '1.50'],
  ['numeric(20,4)', '12345678901234.5'],
  ['real', '1e20'],
  ['double precision', '1e21'],
  ['double precision', '-0.1'],
  ['text', `ä "quoted" \\ back\tslash\u0001 é𝄞`],
  ['varchar(20)', ''],
  ['char(5)', 'ab'],
  ['name', 'n'],
  ['"char"', 'x'],
  ['boolean', 'true'],
  ['uuid', '6f1b5c1e-0c6a-4f0e-9d3e-1f2a3b4c5d6e'],
  ['bytea', '\\x00ff'],
  ['date', '2026-01-02'],
  ['time', '12:34:56.789'],
  ['timetz', '12:34:56+02'],
  ['timestamp', '2026-01-02 03:04:05.123456'],
  ['timestamptz', '2026-01-02 03:04:05.5+02'],
  ['timestamptz', 'infinity'],
  ['interval', '1 year 2 days 03:04:05'],
  ['inet', '10.0.0.1/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['money', '12.34'],
  ['int4range', '[1,5)'],
  ['int[]', '{1,2}'],
  ['jsonb', '{"b": 1, "a": [1.50]}'],
  ['bit varying', '101'],
  ['oid', '4000000000'],
  ['mood', 'so-so'],
  ['moment', '2026-01-02 03:04:05+00'],
];

test.for(types)('a key of type %s is spelled as a read of the row spells it (%s)', async ([type, value]) => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TYPE mood AS ENUM ('so-so'); CREATE DOMAIN moment AS timestamptz;
    CREATE TABLE items (id int, k ${type}, PRIMARY KEY (k, id))`);
  const collections = [{ name: 'items', source: 'items', key: ['id', 'k'], columns: null }];
  await using feed = await followFeed(db.url, { collections });
  const writer = await db.connect();
  await writer.query(`SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'; SET IntervalStyle = 'iso_8601';
    SET extra_float_digits = -10; SET bytea_output = 'escape'`);
  await writer.query('INSERT INTO items VALUES (1, $1)', [type === 'money' ? '12.34' : value]);
  await feed.caughtUp();
  await using reader = readerFor(db.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const found: string[] = [];
  const source = { selection: selecting('id', 'k'), keyColumns: ['id', 'k'] };
  const { selection } = source;
  const options = { targetRows: 10, selection, signal: never };
  for await (const partition of snapshot.partitions('items', options))
    for await (const chunk of snapshot.read('items', partition, { format: 'rows', selection, signal: never }))
      if (chunk.format === 'rows') found.push(...chunk.rows.map((row) => reader.keyOf(row, source)));
  expect(feed.keys()).toEqual(found);
});

test('a key of text whose collation takes two spellings for one: both are told', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE items (id text COLLATE loose PRIMARY KEY); INSERT INTO items VALUES ('a')`);
  await using feed = await followFeed(db.url);
  await db.query(`UPDATE items SET id = 'A'`);
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["A"]', '["a"]']);
});
