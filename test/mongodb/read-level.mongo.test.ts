import { expect, test } from 'vitest';
import { openMongoPair } from './pair.ts';

/** What a primary alone has may be rolled back by the next one, and no change stream tells of it. */
test('documents are read only once a majority has them, and none as of before the reading began, whether they are copied, compared or looked up', async () => {
  await using pair = await openMongoPair();
  await pair.source
    .collection<{ _id: number; v: string }>('t')
    .insertMany(Array.from({ length: 20 }, (_, index) => ({ _id: index, v: 'v' })));
  const { operationTime } = await pair.source.command({ ping: 1 });
  const written: bigint = operationTime.toBigInt();
  const engine = await pair.engine({ collections: ['t'], create: true, refresh: { by: 'direct' } });
  await pair.source.command({ profile: 2 });
  await engine.run('it');
  await pair.target.collection('t').updateMany({}, { $set: { v: 'other' } });
  await engine.verify('it', { repair: true });
  await pair.source.command({ profile: 0 });
  // With a limit it is only looked whether there is anything.
  const found = await pair.source
    .collection('system.profile')
    .find({ 'command.find': 't', 'command.limit': { $exists: false } })
    .toArray();
  expect(found.length).toBeGreaterThan(2);
  expect(new Set(found.map(({ command }) => command.readConcern?.level))).toEqual(new Set(['majority']));
  const begun = found.map(({ command }) => command.readConcern?.afterClusterTime?.toBigInt() ?? 0n);
  expect(begun.filter((time) => time < written)).toEqual([]);
});
