import type { BSON, MongoClient } from 'mongodb';
import type { StartMongoOptions } from '../../tools/servers/mongo.ts';

/** The smallest log, which is cut as soon as a checkpoint lets it. */
export const smallLog: StartMongoOptions = { arguments: ['--oplogSize', '1', '--syncdelay', '1'] };

/** Until nothing is left of what the log has now. */
export async function overwriteLog(client: MongoClient): Promise<void> {
  const log = client.db('local').collection<{ readonly ts: BSON.Timestamp }>('oplog.rs');
  const at = async (end: 1 | -1): Promise<bigint> => {
    const entry = await log.findOne({}, { sort: { $natural: end }, projection: { ts: 1 } });
    if (entry === null) throw new Error('a replica set has a log');
    return entry.ts.toBigInt();
  };
  const newest = await at(-1);
  const bulk = client.db('bulk').collection<{ readonly _id: number }>('bulk');
  for (let round = 0; (await at(1)) <= newest; round += 1) {
    if (round === 1_000) throw new Error('the server keeps all of its log');
    await bulk.replaceOne({ _id: 1 }, { v: String(round).padEnd(4_000_000, 'x') }, { upsert: true });
  }
}
