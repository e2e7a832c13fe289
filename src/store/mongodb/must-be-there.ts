import { storeUnusable } from '../store-errors.ts';
import type { MongodbDatabase } from './database.ts';

export type MustBeThere = () => Promise<void>;

/**
 * In MongoDB a collection that was dropped is an empty one, and whoever writes to it makes it anew. So whoever finds nothing where something
 * might be asks whether the store is still the one that was opened.
 */
export const createMustBeThere =
  (database: MongodbDatabase, storeId: string): MustBeThere =>
  async () => {
    const { store } = database.collections;
    const own = { _id: 'store', store_id: storeId } as const;
    const found = await database.run(({ session }) => store.countDocuments(own, { session }));
    if (found === 0)
      throw storeUnusable(database.label, 'its collections were dropped or replaced while it was in use');
  };
