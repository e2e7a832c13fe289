import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { Deployment } from '../../src/connectors/mongodb/session/deployment.ts';
import { isLockstepError, type LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { never } from '../conformance/writer/writer-under-test.ts';

const readers = 4;

test('whatever a member that steps down refuses is trouble that passes, also where several read as bytes at once', async () => {
  await using set = await startMongoSet();
  await using client = new MongoClient(set.url);
  await client
    .db('d')
    .collection<{ _id: number }>('t')
    .insertOne({ _id: 1 }, { writeConcern: { w: 'majority' } });
  const url = set.url.replace('/?', '/d?');
  const config = mongodbConfigSchema.parse({ connector: 'mongodb', url });
  await using deployment = await Deployment.open(config, { connections: readers, signal: never });
  const failures: LockstepError[] = [];
  const stopped = new AbortController();
  const read = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await deployment.run({ signal: never }, (db) => db.command({ find: 't' }, { raw: true }));
      } catch (thrown) {
        if (!isLockstepError(thrown)) throw thrown;
        failures.push(thrown);
      }
    }
  };
  const reading = Promise.all(Array.from({ length: readers }, read));
  // Each has its chance to be refused while another one is.
  for (let turn = 0; turn < 3; turn += 1) await set.stepDown();
  stopped.abort();
  await reading;
  expect(failures.length).toBeGreaterThan(0);
  expect(new Set(failures.map((each) => each.class))).toEqual(new Set(['transient']));
});
