import { BSON, UUID } from 'mongodb';
import { expect, test } from 'vitest';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { Deployment } from '../../src/connectors/mongodb/session/deployment.ts';
import { MongodbWriter } from '../../src/connectors/mongodb/writer/mongodb-writer.ts';
import { openMongodbWriter } from '../../src/connectors/mongodb/writer/open-writer.ts';
import { Slots } from '../../src/connectors/mongodb/writer/state/slots.ts';
import { slotId, stateOf } from '../../src/connectors/mongodb/writer/state/state-documents.ts';
import { planCollection } from '../../src/engine/plan/plan-collection.ts';
import type { Chunk } from '../../src/protocol/chunk.ts';
import { collectionSchema } from '../../src/protocol/configuration.ts';
import type { ConnectorContext } from '../../src/protocol/connector.ts';
import { createMongoDatabase, type MongoTestDatabase } from '../support/mongo.ts';

const { signal } = new AbortController();
const holding = (fence: number) => ({ lease: { pipeline: 'it', fence }, signal });

const configOf = ({ url }: MongoTestDatabase) => mongodbConfigSchema.parse({ connector: 'mongodb', url });

const openWriter = (database: MongoTestDatabase, notice: ConnectorContext['notice'] = () => {}) =>
  openMongodbWriter(configOf(database), { pipeline: 'it', lanes: 2, signal, notice });

async function* documents(...ids: readonly number[]): AsyncGenerator<Chunk> {
  const bytes = Buffer.concat(ids.map((_id) => BSON.serialize({ _id })));
  yield { format: 'bson', bytes, rowCount: ids.length };
}

type Writer = Awaited<ReturnType<typeof openWriter>>;

async function openTarget(writer: Writer, fence: number) {
  const shape = await writer.reader.describe('t', { signal });
  if (shape === null) throw new Error('the collection is not there');
  const config = collectionSchema.parse({});
  const shapes = { sourceShape: shape, targetShape: shape };
  const { plan } = planCollection({ source: 't', target: 't', config, ...shapes, create: false });
  return await writer.open(plan, holding(fence));
}

test('an owner that was overtaken writes nothing more, whichever lane it writes from', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using older = await openWriter(database);
  await using newer = await openWriter(database);
  expect(await older.attach(holding(1))).toMatchObject({ isNew: true });
  const target = await openTarget(older, 1);
  expect(await target.append(documents(1, 2), holding(1))).toMatchObject({ inserted: 2 });
  expect(await newer.attach(holding(2))).toMatchObject({ isNew: false });
  for (let lane = 0; lane < 3; lane += 1)
    await expect(target.append(documents(3), holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
  await expect(older.attach(holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
  const taken = await openTarget(newer, 2);
  expect(await taken.merge(documents(2, 3), holding(2))).toMatchObject({ inserted: 1, unchanged: 1 });
  expect(await newer.seenFence({ pipeline: 'it', signal })).toBe(2);
});

test('what an older owner has open is ended, and not waited for', async () => {
  await using database = await createMongoDatabase();
  await using deployment = await Deployment.open(configOf(database), { connections: 4, signal });
  const slots = new Slots(deployment.client, 1);
  const parts = { deployment, slots, pipeline: 'it', notice: () => {}, state: stateOf(deployment) };
  await using older = new MongodbWriter(parts);
  await using newer = await openWriter(database);
  await older.attach(holding(1));
  // As a dead engine's: it has written its lane's document, and nobody will end it.
  const { session } = slots.all[0] ?? expect.fail('there is no lane');
  session.startTransaction({ writeConcern: { w: 'majority' } });
  const lane = { _id: slotId('it', 0) };
  await parts.state.slots.updateOne(lane, { $set: { transaction: new UUID() } }, { session });
  await newer.attach(holding(2));
  await expect(session.commitTransaction()).rejects.toMatchObject({ code: 251 });
});

test('what nobody can end is waited for, and said', async () => {
  await using database = await createMongoDatabase();
  const waiting: string[] = [];
  await using older = await openWriter(database);
  await using newer = await openWriter(database, ({ message }) => waiting.push(message));
  await older.attach(holding(1));
  // In a session that our state does not name.
  await using session = database.db.client.startSession();
  session.startTransaction();
  const lane = { '_id.pipeline': 'it', '_id.kind': 'slot' };
  const set = { $set: { transaction: null, held: true } };
  await database.db.collection('lockstep_state').updateOne(lane, set, { session });
  const attached = newer.attach(holding(2));
  await expect
    .poll(() => waiting, { timeout: 30_000 })
    .toContainEqual(expect.stringContaining('taking over it'));
  await session.abortTransaction();
  expect(await attached).toMatchObject({ isNew: false });
});

test('a destination whose state is gone was restored from an older copy', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using writer = await openWriter(database);
  await writer.attach(holding(1));
  const target = await openTarget(writer, 1);
  await database.db.collection('lockstep_state').deleteMany({});
  await expect(target.append(documents(1), holding(1))).rejects.toMatchObject({
    code: 'destination-restored',
  });
});
