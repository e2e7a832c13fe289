import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { Deployment } from '../../src/connectors/mongodb/session/deployment.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { lockMember } from '../support/lock-member.ts';

vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();

test('a write that no majority confirms in time is trouble that passes, be it one or a bulk', async () => {
  await using servers = await startMongoSet();
  const url = servers.url.replace('/?', '/into?');
  const config = mongodbConfigSchema.parse({ connector: 'mongodb', url });
  await using deployment = await Deployment.open(config, { connections: 2, signal });
  const t = deployment.db.collection<{ _id: number }>('t');
  await t.insertOne({ _id: 0 }, { writeConcern: { w: 3 } });
  const { hosts, primary } = await deployment.client.db('admin').command({ hello: 1 });
  await using members = new AsyncDisposableStack();
  for (const host of hosts.filter((each: string) => each !== primary)) {
    const member = members.use(await MongoClient.connect(`mongodb://${host}/?directConnection=true`));
    await lockMember(member);
  }
  const writeConcern = { w: 'majority', wtimeoutMS: 200 } as const;
  const unconfirmed = { code: 'connection-lost', class: 'transient' };
  await expect(
    deployment.run({ signal }, () => t.insertOne({ _id: 1 }, { writeConcern })),
  ).rejects.toMatchObject(unconfirmed);
  const bulk = [{ insertOne: { document: { _id: 2 } } }];
  await expect(deployment.run({ signal }, () => t.bulkWrite(bulk, { writeConcern }))).rejects.toMatchObject(
    unconfirmed,
  );
});
