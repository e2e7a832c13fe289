import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { lockMember } from '../support/lock-member.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { startLive } from './live-pair.ts';
import { findingsOf, openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
}

test('a destination with a member that lags is spared until the member has come up, and changes arrive all the while', async () => {
  await using servers = await startMongoSet();
  await using target = await createMongoDatabase({ serverUrl: servers.url });
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertOne({ _id: 0 });
  const destination = { connector: 'mongodb', url: target.url, throttle: { replicaLagMs: 1_500 } } as const;
  await using live = await startLive(pair, { collections: ['t'], create: true }, { destination });
  const paces: string[] = [];
  live.engine.events.on(
    'throttle',
    ({ share, reason }) => void paces.push(`${share < 1 ? 'slow' : 'full'} ${reason}`),
  );
  await live.caughtUp();
  await using secondary = await secondaryOf(target.db.client);
  await lockMember(secondary);
  let written = 1;
  await live.until('it works more slowly', async () => {
    await t.insertOne({ _id: written });
    written += 1;
    return paces.some((pace) => /^slow a member is .* behind/.test(pace));
  });
  const there = () => target.db.collection('t').countDocuments();
  await live.until('everything has arrived', async () => (await there()) === written);
  await secondary.db('admin').command({ fsyncUnlock: 1 });
  await live.until('it works at full speed', () => paces.at(-1)?.startsWith('full') === true);
});

/** A connection to a member that takes no writes. */
async function secondaryOf(client: MongoClient): Promise<MongoClient> {
  const { hosts, primary } = await client.db('admin').command({ hello: 1 });
  const host = hosts.find((each: string) => each !== primary);
  return await MongoClient.connect(`mongodb://${host}/?directConnection=true`);
}

test('operations that wait are looked at, and without the right to look check says so', async () => {
  await using server = await startMongo({ auth: true });
  await using admin = new MongoClient(server.url);
  const roles = [
    { role: 'readWrite', db: 'into' },
    { role: 'dbAdmin', db: 'into' },
  ];
  await admin.db('admin').command({ createUser: 'ann', pwd: 'geheim', roles });
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertOne({ _id: 0 });
  const url = server
    .urlFor({ user: 'ann', password: 'geheim', options: 'authSource=admin' })
    .replace('/?', '/into?');
  const destination = { connector: 'mongodb', url, throttle: { queuedOperations: 10 } } as const;
  const engine = await pair.engine({ collections: ['t'], create: true }, { destination });
  expect(await findingsOf(engine)).toMatchObject([
    {
      level: 'error',
      code: 'permission-denied',
      subject: 'destination',
      message: expect.stringContaining('throttle'),
    },
  ]);
  await admin
    .db('admin')
    .command({ grantRolesToUser: 'ann', roles: [{ role: 'clusterMonitor', db: 'admin' }] });
  expect(await findingsOf(engine)).toEqual([]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
});
