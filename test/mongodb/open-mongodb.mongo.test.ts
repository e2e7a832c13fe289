import { expect, test } from 'vitest';
import { openMongodb } from '../../src/index.ts';
import { createMongoDatabase } from '../support/mongo.ts';

test('commands of one’s own go and come as extended JSON, and what is refused is thrown in our words', async () => {
  await using side = await createMongoDatabase();
  await using database = openMongodb({ url: side.url });
  const id = '7f1d6a0e-9d5c-4c1e-8b1a-0c3d5e7f9a1b';
  const document = { _id: { $uuid: id }, at: { $date: '2025-01-02T03:04:05.678Z' }, n: 1 };
  expect(await database.command({ insert: 't', documents: [document] })).toMatchObject({ n: 1, ok: 1 });
  expect(String((await side.db.collection('t').findOne({}))?._id)).toBe(id);
  const found = await Array.fromAsync(database.documents({ find: 't', filter: { n: 1 } }));
  expect(found).toEqual([{ ...document, _id: { $binary: { base64: expect.any(String), subType: '04' } } }]);
  await expect(database.command({ insert: 't', documents: [document] })).rejects.toMatchObject({
    code: 'unique-conflict',
  });
  await expect(database.command({ nonsense: 1 })).rejects.toMatchObject({ name: 'LockstepError' });
  await side.db.collection('many').insertMany(Array.from({ length: 500 }, (_, n) => ({ n })));
  let count = 0;
  for await (const _each of database.documents({ find: 'many', batchSize: 7 })) count += 1;
  expect(count).toBe(500);
});

test('a deployment that does not answer is told, and what is not a url is a fault of the configuration', async () => {
  await using away = openMongodb({ url: 'mongodb://127.0.0.1:1/x', connectTimeoutMs: 200 });
  await expect(away.command({ ping: 1 })).rejects.toMatchObject({ class: 'transient' });
  expect(() => openMongodb({ url: 'postgres://x/y' })).toThrow('config');
});
