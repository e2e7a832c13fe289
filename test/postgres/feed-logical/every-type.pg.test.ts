import { expect, test } from 'vitest';
import { keyOf } from '../../../src/connectors/postgres/key.ts';
import type { Row } from '../../../src/protocol/value.ts';
import { createEveryType } from '../../support/every-type.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { never, readerFor, selecting } from '../support.ts';
import { begun, feedFor, Reading } from './support.ts';

test.for([17, 18] as const)(
  'values and keys of every type are those that a read gives: PostgreSQL %i',
  async (version) => {
    await using db = await createTestDatabase({ version });
    const sample = await createEveryType(db);
    const source = `${quoted(sample.schema)}.${quoted(sample.table)}`;
    // The server refuses updates of a table that has one and is logged whole.
    await db.query(`ALTER TABLE ${source} DROP COLUMN IF EXISTS virtual`);
    const { rows: kinds } = await db.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND (attgenerated = '' OR current_setting('server_version_num')::int4 >= 180000)
         AND (SELECT format_type(coalesce(nullif(typbasetype, 0), t.oid), NULL) FROM pg_type t WHERE t.oid = atttypid) <> 'xml'`,
      [source],
    );
    const names = kinds.map(({ name }) => name);
    await using feed = await feedFor(db.url);
    const collections = [
      { name: 'all', source, key: ['id'], columns: names },
      ...names.map((name) => ({ name, source, key: [name], columns: ['id'] })),
    ];
    await db.query(`ALTER TABLE ${source} REPLICA IDENTITY FULL`);
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    // Every row is written again, whole.
    await db.query(`UPDATE ${source} SET id = id + 1000`);
    await reading.take(sample.rows * collections.length);
    await using reader = readerFor(db.url);
    const expected = new Map<string, Row>();
    const whole = { id: 'all', from: null, to: null, estimatedRows: 1 };
    const options = { selection: selecting(...names), format: 'rows', signal: never } as const;
    await using snapshot = await reader.snapshot({ signal: never });
    for await (const chunk of snapshot.read(source, whole, options))
      if (chunk.format === 'rows') for (const row of chunk.rows) expected.set(keyOf(row, ['id']), row);
    expect(expected.size).toBe(sample.rows);
    const told = reading.changes.filter((change) => change.collection === 'all');
    for (const change of told) {
      const row = expected.get(change.key);
      if (change.kind !== 'update' || row === undefined) throw new Error('another change');
      for (const name of names) expect(change.row[name], name).toStrictEqual(row[name]);
    }
    for (const change of reading.changes) {
      if (change.collection === 'all' || change.kind !== 'update') continue;
      const row = expected.get(`["${String(change.row['id'])}"]`);
      if (row !== undefined) expect(change.key, change.collection).toBe(keyOf(row, [change.collection]));
    }
  },
);

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
