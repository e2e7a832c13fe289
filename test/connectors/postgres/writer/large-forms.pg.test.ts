import { expect, test } from 'vitest';
import { wholeCollection } from '../../../../src/protocol/partition.ts';
import { holding, never } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openWriter, planFor } from './destination.ts';

/** The key stands neither first nor in its own order. */
const table = `CREATE TABLE notes (body text, id int, area text, PRIMARY KEY (area, id));
  INSERT INTO notes SELECT CASE WHEN n % 10 = 3 THEN repeat('x', 100000) ELSE 'note' END, n, 'a' FROM generate_series(1, 40) AS n`;

test('rows that are too large to be held are told by their keys, whichever way they are read', async () => {
  await using db = await createTestDatabase({ version: 18 });
  await db.query(table);
  await using writer = await openWriter(db, { maxRowBytes: 4096 });
  await writer.attach(holding(1));
  const columns = ['body', 'id', 'area'];
  const plan = planFor({ target: 'public.notes', columns, key: ['area', 'id'], sourceKey: ['area', 'id'] });
  const target = await writer.open(plan, holding(1));
  const all = Array.from({ length: 40 }, (_, n) => JSON.stringify(['a', String(n + 1)])).toSorted();
  const large = all.filter((key) => key.includes('3"'));
  const stored = (await Array.fromAsync(target.readStoredForms(wholeCollection(40), holding(1)))).flat();
  expect(stored.map(({ key }) => key).toSorted()).toEqual(all);
  expect(
    stored
      .filter(({ bytes }) => bytes.length === 0)
      .map(({ key }) => key)
      .toSorted(),
  ).toEqual(large);
  const agreement = writer.reader.proposeDigest(
    ['area', 'id', 'body'].map((name) => ({ name, type: name === 'id' ? 'integer' : 'text' })),
  );
  if (agreement === null || target.readGroupedForms === undefined)
    throw new Error('it does not read by groups');
  const query = { groups: 8, agreement, signal: never };
  const grouped = (await Array.fromAsync(target.readGroupedForms({ ...query, only: null }))).flat();
  expect(grouped.map(({ key }) => key).toSorted()).toEqual(all);
  await using snapshot = await writer.reader.snapshot({ signal: never });
  const digests = await snapshot.digest('public.notes', wholeCollection(40), {
    ...query,
    ...target.comparison(),
  });
  const sums = Map.groupBy(grouped, ({ group }) => group);
  for (const [group, { rows, hash }] of digests) {
    const forms = sums.get(group) ?? [];
    expect([rows, hash]).toEqual([forms.length, forms.reduce((sum, each) => sum + each.hash, 0n)]);
  }
});
