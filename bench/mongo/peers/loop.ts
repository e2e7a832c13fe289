import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BSON, type Document, Long, MongoClient } from 'mongodb';
import { collections } from '../live/collections.ts';
import { insertRaw, oneAhead, readRaw, writeRaw } from './raw.ts';
import { changeOf, deletion, type RawChange, upsertion } from './raw-events.ts';

/**
 * A program: raw `getMore`, raw unordered upserts, and nothing between but that the last change of a key in a batch counts. The server looks
 * documents up (`updateLookup`). Copies first; where it was stopped it goes on, as its file says.
 */
const place = process.env['BENCH_PLACE'] ?? '';
const waitMs = 250;

await using source = new MongoClient(process.env['BENCH_SOURCE'] ?? '');
await using target = new MongoClient(process.env['BENCH_TARGET'] ?? '');
const db = source.db();

let isStopped = false;
process.once('SIGTERM', () => {
  isStopped = true;
});

const from: Document = existsSync(place)
  ? { resumeAfter: BSON.EJSON.parse(readFileSync(place, 'utf8'), { relaxed: false }) }
  : { startAtOperationTime: (await db.command({ ping: 1 }))['operationTime'] };
if ('startAtOperationTime' in from)
  for (const collection of collections)
    for await (const documents of oneAhead(readRaw(db, collection)))
      await insertRaw(target.db(), collection, documents);

console.log('following');
for await (const { events, token } of oneAhead(replies())) {
  await apply(events);
  if (!isStopped) continue;
  writeFileSync(
    place,
    BSON.EJSON.stringify(BSON.deserialize(token, { promoteValues: false }), { relaxed: false }),
  );
  break;
}

async function* replies(): AsyncGenerator<{
  readonly events: readonly Uint8Array[];
  readonly token: Uint8Array;
}> {
  await using session = source.startSession({ causalConsistency: false });
  const pipeline = [
    { $changeStream: { ...from, fullDocument: 'updateLookup' } },
    { $match: { 'ns.coll': { $in: [...collections] } } },
  ];
  const opened = await db.command({ aggregate: 1, pipeline, cursor: { batchSize: 0 } }, { session });
  const getMore = { getMore: Long.fromValue(opened['cursor'].id), collection: '$cmd.aggregate' };
  for (;;) {
    const reply = await db.command({ ...getMore, maxTimeMS: waitMs }, { session, raw: true });
    const cursor = BSON.deserialize(reply['cursor'], { raw: true });
    yield { events: cursor['nextBatch'], token: cursor['postBatchResumeToken'] };
  }
}

async function apply(events: readonly Uint8Array[]): Promise<void> {
  const last = new Map<string, RawChange>();
  for (const event of events) {
    const change = changeOf(event);
    last.set(`${change.collection} ${Buffer.from(change.key).toString('latin1')}`, change);
  }
  for (const collection of collections) {
    const changes = [...last.values()].filter((change) => change.collection === collection);
    const gone = changes.filter(({ document }) => document === null).map(deletion);
    const there = changes.filter(({ document }) => document !== null).map(upsertion);
    await writeRaw(target.db(), {
      command: { delete: collection, ordered: false },
      field: 'deletes',
      documents: gone,
    });
    await writeRaw(target.db(), {
      command: { update: collection, ordered: false },
      field: 'updates',
      documents: there,
    });
  }
}
