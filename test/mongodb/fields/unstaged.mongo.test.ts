import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { CollectionConfig } from '../../../src/index.ts';
import { findingsOf, openMongoPair } from '../pair.ts';

interface Numbered extends Document {
  readonly _id: number;
}

const cases: readonly {
  readonly what: string;
  readonly t: CollectionConfig;
  readonly comesIn: 'direct' | 'differences';
  readonly why: string | null;
}[] = [
  { what: 'whole documents', t: { scope: 'all' }, comesIn: 'differences', why: null },
  {
    what: 'fields beside those of others',
    t: { scope: 'all', columns: ['_id', 'v'] },
    comesIn: 'direct',
    why: 'only some fields of its documents are written (`columns`)',
  },
  {
    what: 'documents whose keys are kept',
    t: { scope: { adopt: '{}' } },
    comesIn: 'direct',
    why: 'documents of others may be in it, and which are ours is kept by key (`scope`)',
  },
];

test.each(cases)('$what come in as `plan` and `check` said: $comesIn', async ({ t, comesIn, why }) => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany([
    { _id: 1, v: 'new' },
    { _id: 2, v: 'new' },
  ]);
  await pair.target.collection<Numbered>('t').insertMany([{ _id: 1, v: 'old' }]);
  const engine = await pair.engine({ collections: { t } });
  const told = (await findingsOf(engine)).filter(({ code }) => code === 'mongodb-written-directly');
  expect(told).toMatchObject(
    why === null ? [] : [{ level: 'info', subject: 't', message: expect.stringContaining(why) }],
  );
  expect((await engine.plan('it')).collections).toMatchObject([
    { insert: 1, update: 1, comesIn: { by: comesIn, ...(why !== null && { reason: why }) } },
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const { generations } = await engine.generations('it');
  expect(generations.map(({ state }) => state)).toEqual(why === null ? ['promoted'] : []);
});

test('a collection that is to be made is copied, and nothing is said of generations', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertOne({ _id: 1, v: 'new' });
  const engine = await pair.engine({ collections: { t: { columns: ['_id', 'v'] } }, create: true });
  expect((await findingsOf(engine)).map(({ code }) => code)).not.toContain('mongodb-written-directly');
  expect(await engine.plan('it')).toMatchObject({ collections: [{ comesIn: { by: 'copy' } }] });
});
