import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Database, isLockstepError, toError, toLockstepError } from '../../../index.ts';
import type { Details, Log } from '../../program/log.ts';
import type { Entry, ErrorType } from './entry.ts';
import { Journal } from './journal.ts';
import {
  countOpen,
  forget,
  hasTable,
  inPublic,
  insertFailed,
  resolve,
  resolveOthers,
} from './statements.sql.ts';

const migration = new URL('../migrations/001_create_sync_errors_table.sql', import.meta.url);
const lookEveryMs = 500;
const forgetEveryMs = 3_600_000;

export interface SyncErrorsOptions {
  readonly chat: Database;
  /** Where entries wait while the chat database is away. */
  readonly directory: string;
  readonly retentionDays: number;
  readonly log: Log;
}

export interface Failure {
  readonly userId?: string | null;
  readonly message: string;
  readonly stack?: string | null;
  readonly data?: Details;
}

type Failed = Extract<Entry, { kind: 'failed' }>;

/** Keeps the chat's table `sync_errors`: what fails is written, what has become right is resolved, what is old is forgotten. */
export class SyncErrors {
  readonly #options: SyncErrorsOptions;
  readonly #journal: Journal;
  #forgotAt = Number.NEGATIVE_INFINITY;
  #isAway = false;

  constructor(options: SyncErrorsOptions) {
    this.#options = options;
    this.#journal = new Journal(options.directory);
  }

  failed(type: ErrorType, { userId = null, message, stack = null, data = {} }: Failure): void {
    this.#journal.append({ kind: 'failed', type, userId, message, stack, data, atMs: Date.now() });
  }

  /** What must have a row, and may have it: who had to tell it may have died before. */
  reminded(type: ErrorType, { userId = null, message, stack = null, data = {} }: Failure): void {
    const atMs = Date.now();
    this.#journal.append({ kind: 'failed', type, userId, message, stack, data, atMs, isReminder: true });
  }

  resolved(types: readonly ErrorType[], userIds: readonly string[] | null = null): void {
    this.#journal.append({ kind: 'resolved', types, userIds });
  }

  /** All users' rows of these types but those of these users are right by now. */
  resolvedAllBut(types: readonly ErrorType[], userIds: readonly string[]): void {
    this.#journal.append({ kind: 'resolved', types, userIds, exceptAtMs: Date.now() });
  }

  /** Makes the table if it is missing. */
  async prepare({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const [found] = await this.#options.chat.query<{ present: boolean }>(hasTable, undefined, { signal });
    if (found?.present !== true)
      await this.#options.chat.execute(inPublic(readFileSync(migration, 'utf8')), { signal });
  }

  /** Sends what waits, until the signal aborts; then once more. Never throws: what can't be sent stays on the disk. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#send(AbortSignal.any([signal, AbortSignal.timeout(30_000)]));
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
    await this.#send(AbortSignal.timeout(5_000));
  }

  async countOpen({ signal }: { readonly signal: AbortSignal }): Promise<number> {
    const [found] = await this.#options.chat.query<{ open: number }>(countOpen, undefined, { signal });
    return found?.open ?? 0;
  }

  /** What a command that ends has to tell. */
  flush(): Promise<void> {
    return this.#send(AbortSignal.timeout(5_000));
  }

  async #send(signal: AbortSignal): Promise<void> {
    try {
      for (let files = this.#journal.take(); files.length > 0; files = this.#journal.take())
        for (const file of files) {
          await this.prepare({ signal });
          await this.#write(this.#journal.read(file), signal);
          this.#journal.sent(file);
        }
      await this.#forget(signal);
      this.#isAway = false;
    } catch (thrown) {
      if (isLockstepError(thrown, 'interrupted')) return;
      if (!this.#isAway)
        this.#options.log('WARNING', 'sync_errors can’t be written; errors are kept here until it can', {
          error: toError(thrown).message,
        });
      this.#isAway = true;
    }
  }

  async #write(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const { chat } = this.#options;
    let failures: Failed[] = [];
    const flush = async (): Promise<void> => {
      const written = failures;
      failures = [];
      if (written.length > 0) await this.#insert(written, signal);
    };
    for (const entry of entries) {
      if (entry.kind === 'failed') {
        failures.push(entry);
        continue;
      }
      await flush();
      const { types, userIds, exceptAtMs } = entry;
      if (exceptAtMs === undefined) {
        await chat.query(resolve, [types, userIds], { signal });
      } else {
        const ageMs = Math.max(0, Date.now() - exceptAtMs);
        await chat.query(resolveOthers, [types, userIds, ageMs], { signal });
      }
    }
    await flush();
  }

  /** What the server refuses for what it says is found by halves, and set aside: the others are written. */
  async #insert(failures: readonly Failed[], signal: AbortSignal): Promise<void> {
    const nowMs = Date.now();
    const rows = failures.map(({ atMs, ...rest }) => ({ ...rest, ageMs: Math.max(0, nowMs - atMs) }));
    try {
      await this.#options.chat.query(insertFailed, [JSON.stringify(rows)], { signal });
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'change') throw error;
      if (failures.length === 1) return this.#setAside(failures, error.message);
      const half = Math.ceil(failures.length / 2);
      await this.#insert(failures.slice(0, half), signal);
      await this.#insert(failures.slice(half), signal);
    }
  }

  #setAside(failures: readonly Failed[], error: string): void {
    const { file } = this.#journal.setAside(failures);
    this.#options.log('WARNING', 'sync_errors refused an error; it is set aside', { file, error });
  }

  async #forget(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#forgotAt < forgetEveryMs) return;
    const { chat, retentionDays } = this.#options;
    await this.prepare({ signal });
    await chat.query(forget, [retentionDays], { signal });
    this.#forgotAt = performance.now();
    const dropped = this.#journal.takeDropped();
    if (dropped > 0) this.#options.log('WARNING', 'Some errors did not fit on this disk', { dropped });
  }
}
