import type { GuardStore } from '../../protocol/control-store.ts';
import type { MongodbDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { stands } from './guard-states.ts';
import { portionsOfKeys } from './portions.ts';
import { integer, text } from './row.ts';

/**
 * Keys that are held back while their guard waits. One that was approved a moment ago takes them too: they would be lost otherwise, and
 * each is read again before it leaves. Without a guard nothing could hold them, so that throws.
 */
export function createExtend(database: MongodbDatabase, write: FencedWrite): GuardStore['extend'] {
  const { guards, guardKeys } = database.collections;
  return (by, collection, keys) =>
    write(by, async (session) => {
      const found = await guards.findOne({ pipeline: by.pipeline, collection, ...stands }, { session });
      if (found === null) throw new RangeError(`no guard of ${collection} is there to be extended`);
      const guard = found._id;
      const known = new Set<string>();
      for (const portion of portionsOfKeys(keys)) {
        const which = { guard, key: { $in: portion } };
        for await (const row of guardKeys.find(which, { session })) known.add(text(row, 'key'));
      }
      const added = [...new Set(keys)].filter((key) => !known.has(key));
      if (added.length === 0) return;
      const last = await guardKeys.findOne({ guard }, { session, sort: { place: -1 } });
      const place = last === null ? 0 : integer(last, 'place') + 1;
      const documents = added.map((key, index) => ({ guard, place: place + index, key }));
      await guardKeys.insertMany(documents, { session });
      const more = [{ $set: { leaving: { $add: ['$leaving', added.length] } } }];
      await guards.updateOne({ _id: guard }, more, { session });
    });
}
