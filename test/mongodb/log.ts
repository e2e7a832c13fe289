import type { MongoClient } from 'mongodb';
import type { StartMongoOptions } from '../../tools/servers/mongo.ts';

/** The smallest log, which is cut as soon as a checkpoint lets it. */
export const smallLog: StartMongoOptions = { arguments: ['--oplogSize', '1', '--syncdelay', '1'] };

/** Until the first entry of the log is another. */
export async function overwriteLog(client: MongoClient): Promise<void> {
  const first = async (): Promise<string> => {
    const log = client.db('local').collection('oplog.rs');
    const entry = await log.findOne({}, { sort: { $natural: 1 }, projection: { ts: 1 } });
    return String(entry?.['ts']);
  };
  const before = await first();
  const bulk = client.db('bulk').collection<{ readonly _id: number }>('bulk');
  for (let round = 0; (await first()) === before; round += 1) {
    if (round === 1_000) throw new Error('the server keeps all of its log');
    await bulk.replaceOne({ _id: 1 }, { v: String(round).padEnd(4_000_000, 'x') }, { upsert: true });
  }
}
