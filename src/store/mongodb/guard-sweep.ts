import type { PipelineName } from '../../protocol/names.ts';
import { keysPerTransaction } from '../records/in-portions.ts';
import type { MongodbDatabase } from './database.ts';
import { integer } from './row.ts';

/**
 * Removes the keys of dropped guards, which may be millions, without keeping anybody waiting: nobody reads them any more, so that needs
 * neither a fence nor a transaction.
 */
export function createSweep(database: MongodbDatabase): (pipeline: PipelineName) => Promise<void> {
  const { guards, guardKeys } = database.collections;
  return async (pipeline) => {
    const which = { pipeline, state: 'dropped' };
    const gone = await database.run(({ session }) =>
      guards.find(which, { session, projection: { _id: 1 } }).toArray(),
    );
    for (const { _id: guard } of gone) {
      const last = await database.run(({ session }) =>
        guardKeys.findOne({ guard }, { session, sort: { place: -1 } }),
      );
      const end = last === null ? 0 : integer(last, 'place') + 1;
      for (let place = 0; place < end; place += keysPerTransaction) {
        const portion = { guard, place: { $lt: place + keysPerTransaction } };
        await database.run(({ session }) => guardKeys.deleteMany(portion, { session }));
      }
      await database.run(({ session }) => guards.deleteOne({ _id: guard }, { session }));
    }
  };
}
