import type { GuardStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import type { MongodbDatabase } from './database.ts';
import { stands } from './guard-states.ts';
import { portionsOfKeys } from './portions.ts';
import { text } from './row.ts';

const keysPerPage = 1000;

/**
 * The keys of the decision that stands when reading begins; each page is a read of its own, so no cursor is held while the
 * caller works. A decision that is replaced meanwhile ends the listing: who acts on the keys finds that out by the fence.
 */
export function readGuardKeys(database: MongodbDatabase): GuardStore['keys'] {
  const { guards, guardKeys } = database.collections;
  return async function* keys(pipeline, collection): AsyncIterable<readonly Key[]> {
    const guard = await database.run(({ session }) =>
      guards.findOne({ pipeline, collection, ...stands }, { session, projection: { _id: 1 } }),
    );
    if (guard === null) return;
    for (let place = 0; ; place += keysPerPage) {
      const rows = await database.run(({ session }) =>
        guardKeys
          .find(
            { guard: guard._id, place: { $gte: place, $lt: place + keysPerPage } },
            { session, sort: { place: 1 } },
          )
          .toArray(),
      );
      if (rows.length > 0) yield rows.map((row) => text(row, 'key'));
      if (rows.length < keysPerPage) return;
    }
  };
}

/** Which keys the decision that stands is about. */
export function findHeldKeys(database: MongodbDatabase): GuardStore['holding'] {
  const { guards, guardKeys } = database.collections;
  return (pipeline, collection, keys) =>
    database.run(async ({ session }) => {
      const held = new Set<Key>();
      const guard = await guards.findOne({ pipeline, collection, ...stands }, { session });
      if (guard === null) return held;
      for (const portion of portionsOfKeys(keys)) {
        const which = { guard: guard._id, key: { $in: portion } };
        for await (const row of guardKeys.find(which, { session })) held.add(text(row, 'key'));
      }
      return held;
    });
}
