import { MongoClient } from 'mongodb';
import { oneAhead } from './raw.ts';

/** A program: the collection `bench` as most would copy it, by what the driver decodes and `insertMany`. */
const documentsAtOnce = 5_000;

await using source = new MongoClient(process.env['BENCH_SOURCE'] ?? '');
await using target = new MongoClient(process.env['BENCH_TARGET'] ?? '');
for await (const documents of oneAhead(batches()))
  await target.db().collection('bench').insertMany(documents, { ordered: false });

async function* batches() {
  await using cursor = source.db().collection('bench').find({}, { batchSize: documentsAtOnce });
  while (await cursor.hasNext()) yield cursor.readBufferedDocuments();
}
