import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { storeUnusable } from '../store-errors.ts';
import { isBusy, toStoreError } from './errors.ts';
import { type FileIdentity, fileIdentity, isSameFile } from './file.ts';

/** How long SQLite itself waits for a lock. It blocks the event loop meanwhile, so it only covers another's commit. */
const blockingWaitMs = 100;
/** Between two attempts while somebody else holds the lock for longer; the event loop runs on. */
const pauseMs = 20;
/** Then we give up: nothing of ours holds a lock that long, so it is a forgotten shell or backup. */
const defaultLockWaitMs = 10_000;

/**
 * One connection and its transactions. `work` is synchronous, so nothing of this process can come between two of its
 * statements, and it may be run again: when the lock can't be had, everything of it is rolled back first.
 *
 * A rollback journal with synchronous EXTRA, not a WAL: a commit costs four waits for the disk instead of one (0.6 ms
 * against 0.2 on the machine where it was measured; we commit about once a second), but between commits the store is
 * exactly one file. A WAL left behind by a crash would be replayed into whatever older copy somebody puts in the file's
 * place, and a copy of the file alone would lack what is still in the WAL. EXTRA also writes the directory through after
 * the journal is unlinked: without that a commit may come undone after a loss of power.
 */
export class SqliteDatabase implements Disposable {
  readonly path: string;
  readonly #connection: DatabaseSync;
  readonly #identity: FileIdentity | null;
  readonly #lockWaitMs: number;

  /** The file must exist. */
  constructor(path: string, options: { readonly lockWaitMs?: number | undefined } = {}) {
    this.path = path;
    this.#lockWaitMs = options.lockWaitMs ?? defaultLockWaitMs;
    this.#connection = openConnection(path);
    this.#identity = fileIdentity(path);
  }

  prepare(sql: string): StatementSync {
    return this.#connection.prepare(sql);
  }

  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** What holds for the connection. It waits for others too: a setting looks into the file first. */
  configure(signal?: AbortSignal): Promise<void> {
    return this.#whenFree(() => this.#connection.exec(settings), signal);
  }

  /** One statement that only reads. */
  read<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#whenFree(() => {
      this.#mustBeInPlace();
      return work();
    }, signal);
  }

  /** One transaction that holds the write lock from its beginning; durable when this returns. */
  write<T>(work: () => T, signal?: AbortSignal): Promise<T> {
    return this.#whenFree(() => this.#transaction(work), signal);
  }

  [Symbol.dispose](): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #transaction<T>(work: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      // Before the first page is written: the journal would else lie beside a file that is not the one it belongs to.
      this.#mustBeInPlace();
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.#rollBack();
      throw thrown;
    }
  }

  /** SQLite has rolled back by itself after some errors (a full disk). */
  #rollBack(): void {
    if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK');
  }

  /**
   * SQLite goes on with a file that was removed or replaced, and says nothing: what is written then is gone with the last
   * handle. (An older copy written *into* the file keeps its identity; then the fences tell.)
   */
  #mustBeInPlace(): void {
    if (isSameFile(this.#identity, fileIdentity(this.path))) return;
    throw storeUnusable(this.path, 'the file was removed or replaced while it was in use');
  }

  async #whenFree<T>(attempt: () => T, signal?: AbortSignal): Promise<T> {
    const giveUpAt = performance.now() + this.#lockWaitMs;
    for (;;) {
      if (signal?.aborted) throw interruptedBy(signal);
      if (!this.#connection.isOpen) throw storeUnusable(this.path, 'it was closed');
      try {
        return attempt();
      } catch (thrown) {
        if (!isBusy(thrown) || performance.now() >= giveUpAt) throw toStoreError(this.path, thrown);
      }
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }
}

// fullfsync: on macOS a plain fsync stops at the drive's cache. trusted_schema: a planted file must not run functions.
// secure_delete: what a letter no longer holds must not stay in free pages, where a key that was replaced would still open it.
const settings =
  'PRAGMA synchronous = EXTRA; PRAGMA fullfsync = ON; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON';

const openConnection = (path: string): DatabaseSync =>
  new DatabaseSync(path, { timeout: blockingWaitMs, enableForeignKeyConstraints: true });
