import type { ControlStore } from '../../protocol/control-store.ts';
import type { SecretText } from '../../protocol/secret.ts';
import { readAddress } from './address.ts';
import { PostgresDatabase } from './database.ts';
import { migrate } from './migrations/migrate.ts';
import { createPostgresStore } from './store.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database` */
  readonly url: SecretText | string;
  /** Made if it is missing; ours alone. */
  readonly schema: string;
  /** Ends the opening; an open store is ended by disposing of it. */
  readonly signal?: AbortSignal;
  /** How long trouble that passes is waited out before `store-unreachable`; default 5 s. */
  readonly patienceMs?: number;
}

/**
 * Opens the control store, making it if there is none. Throws `store-unusable` for a schema that is not ours or of a newer version, and
 * leaves it as it is; `permission-denied` where it may neither be made nor used.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<ControlStore> {
  const { url, schema, signal, patienceMs } = options;
  const database = new PostgresDatabase(readAddress(url), { schema, patienceMs });
  try {
    await migrate(database, { schema, signal });
    return await createPostgresStore(database);
  } catch (thrown) {
    await database[Symbol.asyncDispose]();
    throw thrown;
  }
}
