import { expect, test } from 'vitest';
import {
  chunks,
  holding,
  leave,
  never,
  pipeline,
  row,
  upsert,
} from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable, openWriter } from './destination.ts';

const shape = 'CREATE TABLE people (id int PRIMARY KEY, email text, note text)';
const parts = { target: 'people', columns: ['id', 'email', 'note'] };

test('an owner that was overtaken neither stages, brings in, takes back nor discards', async () => {
  await using db = await createTestDatabase();
  await using older = await openTable(db, `${shape}; INSERT INTO people VALUES (1, 'old', NULL)`, parts);
  const { target, writer } = older;
  const { generations } = writer;
  const old = holding(1);
  const begin = { ...old, readAtMs: 1, positions: null };
  const first = await generations.begin(begin);
  await first.join(target, old);
  await first.stage(target, [upsert(target, row(1, 'new'))], old);
  await first.seal({ ...old, targets: [target], held: null });
  await generations.promote(first.id, [target], old);
  const staged = await generations.begin(begin);
  await staged.join(target, old);
  await staged.stage(target, [leave(target, 1)], old);
  await using newer = await openWriter(db);
  await newer.attach(holding(2));
  const known = () => generations.list({ pipeline, signal: never });
  const before = await known();
  const attempts = [
    () => generations.begin(begin),
    () => staged.join(target, old),
    () => staged.stage(target, [upsert(target, row(2, 'b'))], old),
    () => staged.clear(target, old),
    () => staged.fill(target, chunks(row(3, 'c')), { ...old, keepsFormer: true }),
    () => staged.seal({ ...old, targets: [target], held: null }),
    () => generations.sift(staged.id, [target], old),
    () => generations.takeOut(staged.id, [{ target, key: target.keyOf(row(1, '')) }], old),
    () => generations.promote(staged.id, [target], old),
    () => generations.rollback(first.id, [target], { ...old, changed: 'refuse' }),
    () => generations.discard(first.id, old),
  ];
  for (const attempt of attempts)
    await expect(attempt(), String(attempt)).rejects.toMatchObject({ code: 'fence-lost' });
  expect((await db.query('SELECT id, email FROM people')).rows).toEqual([{ id: 1, email: 'new' }]);
  expect(await known()).toEqual(before);
});
