import { MongoClient } from 'mongodb';
import { insertRaw, oneAhead, readRaw } from './raw.ts';

/** A program: the collection `bench` read raw and inserted raw, with nothing between. */
await using source = new MongoClient(process.env['BENCH_SOURCE'] ?? '');
await using target = new MongoClient(process.env['BENCH_TARGET'] ?? '');
for await (const documents of oneAhead(readRaw(source.db(), 'bench')))
  await insertRaw(target.db(), 'bench', documents);
