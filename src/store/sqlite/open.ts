import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ControlStore } from '../../protocol/control-store.ts';
import { storeUnusable } from '../store-errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { SqliteDatabase } from './database.ts';
import { toStoreError } from './errors.ts';
import { createStoreFile } from './file.ts';
import { migrate } from './migrations/migrate.ts';
import { createSqliteStore } from './store.ts';

export interface SqliteStoreOptions {
  /** The file; it and its directory are made if they are missing, readable by this user only. */
  readonly path: string;
  /** Ends the opening; an open store is ended by disposing of it. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** How long to wait for another process's lock before `store-unusable`; default 10 s. */
  readonly lockWaitMs?: number;
}

/** A whole check reads the whole file (about 1 s per GB when cached): above this, damage is found where it is met. */
const checkedUpToBytes = 64 * 1024 * 1024;

/**
 * Opens the control store, making it if there is none. Throws `store-unusable` for a file that is damaged, not ours, of a newer
 * version, or not writable, and leaves such a file as it is.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<ControlStore> {
  const path = resolve(options.path);
  const database = openDatabase(path, options.lockWaitMs);
  try {
    await database.configure(options.signal);
    await migrate(database, options.signal);
    await database.read(() => keepOneFile(database), options.signal);
    await database.read(() => mustBeSound(database), options.signal);
    return await createSqliteStore(database, options.clock ?? systemClock);
  } catch (thrown) {
    database[Symbol.dispose]();
    throw toStoreError(path, thrown);
  }
}

function openDatabase(path: string, lockWaitMs: number | undefined): SqliteDatabase {
  try {
    createStoreFile(path);
    return new SqliteDatabase(path, { lockWaitMs });
  } catch (thrown) {
    throw toStoreError(path, thrown);
  }
}

/** The journal mode is kept in the file: somebody's tool may have turned it to WAL. */
function keepOneFile(database: SqliteDatabase): void {
  const row = database.prepare('PRAGMA journal_mode = DELETE').get();
  if (row?.journal_mode !== 'delete')
    throw storeUnusable(database.path, 'it is in WAL mode and in use by another program');
}

function mustBeSound(database: SqliteDatabase): void {
  if (statSync(database.path).size > checkedUpToBytes) return;
  const row = database.prepare('PRAGMA quick_check(1)').get();
  if (row?.quick_check !== 'ok') throw storeUnusable(database.path, 'it is damaged');
}
