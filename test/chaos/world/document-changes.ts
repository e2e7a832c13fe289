import type { Db } from 'mongodb';
import type { MongoWorld } from './mongo-world.ts';

interface Document {
  readonly _id: number;
  readonly [field: string]: unknown;
}

/** Changes of every kind, each round others, none of which anybody should refuse. */
export async function changeDocuments({ source }: MongoWorld, round: number): Promise<void> {
  const of = (name: string) => source.collection<Document>(name);
  const first = (round * 17) % 300;
  const seen = { $add: [{ $ifNull: ['$seen', 0] }, 1] };
  await of('people').updateMany({ _id: { $gte: first, $lt: first + 20 } }, [
    { $set: { [`r${round % 5}`]: round, seen } },
  ]);
  await of('people').deleteOne({ _id: 880 - (round % 8) });
  await of('people').replaceOne({ _id: 890 }, { name: `replaced ${round}` }, { upsert: true });
  await of('notes').insertOne({ _id: 1_000 + round, body: 'sound' });
  await of('tags').updateOne({ _id: 701 + (round % 290) }, { $set: { round } });
  await of('archive').updateMany({ _id: { $lt: 10 } }, { $set: { state: `round ${round}` } });
  await exchangeNames(source, first);
}

/** Two unique values change places, in one transaction. */
async function exchangeNames(source: Db, first: number): Promise<void> {
  const people = source.collection<Document>('people');
  const [one, other] = await people.find({ _id: { $in: [first, first + 1] } }).toArray();
  if (one === undefined || other === undefined) return;
  await using session = source.client.startSession();
  await session.withTransaction(async () => {
    const rename = (_id: number, name: unknown) => people.updateOne({ _id }, { $set: { name } }, { session });
    await rename(one._id, 'nobody');
    await rename(other._id, one['name']);
    await rename(one._id, other['name']);
  });
}

/** Another collection takes the place of the tags: no event tells which of them are others. */
export async function replaceTags({ source }: MongoWorld): Promise<void> {
  await source
    .collection('tags')
    .aggregate([{ $set: { replaced: true } }, { $out: 'staged' }])
    .toArray();
  await source.collection('staged').rename('tags', { dropTarget: true });
}
