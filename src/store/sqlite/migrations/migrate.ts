import { storeUnusable } from '../../store-errors.ts';
import type { SqliteDatabase } from '../database.ts';
import { integer } from '../row.ts';
import { first } from './001-first.ts';
import { live } from './002-live.ts';
import { connections } from './003-connections.ts';

/** `user_version` is how many of these the file has had. Append only: a released one is never changed. */
const migrations: readonly string[] = [first, live, connections];

/** Marks the file as ours: "LkSt". */
export const applicationId = 0x4c6b5374;

/**
 * Brings the file to this version, or refuses it untouched. Each migration is one transaction which first looks again
 * under the write lock, so that of several processes that open a new file at once one does it and the others find it done.
 */
export async function migrate(database: SqliteDatabase, signal?: AbortSignal): Promise<void> {
  let version = await database.read(() => readVersion(database), signal);
  while (version < migrations.length) {
    version = await database.write(() => applyNext(database), signal);
  }
}

function applyNext(database: SqliteDatabase): number {
  const version = readVersion(database);
  const migration = migrations[version];
  if (migration === undefined) return version;
  database.execute(migration);
  database.execute(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}`);
  return version + 1;
}

function readVersion(database: SqliteDatabase): number {
  const application = pragma(database, 'application_id');
  const version = pragma(database, 'user_version');
  const isNew = application === 0 && version === 0 && hasNoTables(database);
  if (application !== applicationId && !isNew) {
    throw storeUnusable(database.path, 'it is a database of another application');
  }
  if (version > migrations.length) {
    throw storeUnusable(
      database.path,
      `a newer Lockstep made it (version ${version}; this one knows ${migrations.length})`,
    );
  }
  return version;
}

function pragma(database: SqliteDatabase, name: 'application_id' | 'user_version'): number {
  return integer(database.prepare(`PRAGMA ${name}`).get() ?? {}, name);
}

const hasNoTables = (database: SqliteDatabase): boolean =>
  database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
