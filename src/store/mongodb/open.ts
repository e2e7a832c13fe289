import type { ControlStore } from '../../protocol/control-store.ts';
import type { SecretText } from '../../protocol/secret.ts';
import { readAddress } from './address.ts';
import { MongodbDatabase } from './database.ts';
import { migrate } from './migrations/migrate.ts';
import { createMongodbStore } from './store.ts';

export interface MongodbStoreOptions {
  /** `mongodb://user:password@host:27017,host:27017/database?replicaSet=name` */
  readonly url: SecretText | string;
  /** Wins over the database of the url; default: `lockstep_control`. Our collections in it begin with `lockstep_control_`. */
  readonly database?: string | undefined;
  /** Ends the opening; an open store is ended by disposing of it. */
  readonly signal?: AbortSignal;
  /** How long trouble that passes is waited out before `store-unreachable`; default 5 s. */
  readonly patienceMs?: number;
}

/**
 * Opens the control store, making it if there is none. Throws `store-unusable` for collections that are not ours or of a newer version, and
 * leaves them as they are; `permission-denied` where they may neither be made nor used; `mongodb-standalone`, `mongodb-sharded` and
 * `server-too-old` where a store can't be.
 */
export async function openMongodbStore(options: MongodbStoreOptions): Promise<ControlStore> {
  const { url, database: name, signal, patienceMs } = options;
  const database = new MongodbDatabase(readAddress(url, name), patienceMs);
  try {
    const { store_id: storeId } = await migrate(database, { signal });
    return createMongodbStore(database, storeId);
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}
