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
const tellDroppedEveryMs = 3_600_000;
/** Longer than a statement about so many rows takes, and no longer than a table that is locked may go untold. */
const defaultStatementMs = 30_000;
const lastWordsMs = 5_000;
/** So that a statement is brief, and what it has written stays written when the next fails. */
const mostAtOnce = 1_000;
const mostForgotten = 10_000;

export interface SyncErrorsOptions {
  readonly chat: Database;
  /** Where entries wait while the chat database is away. */
  readonly directory: string;
  readonly retentionDays: number;
  readonly log: Log;
  /** How long one statement may take. */
  readonly statementMs?: number;
}

interface SendOptions {
  /** Somebody wants no more of it: what is not sent waits, and that is no trouble. */
  readonly stop?: AbortSignal;
  /** What is not sent by then waits, and is told. */
  readonly deadline?: AbortSignal;
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
  readonly #statementMs: number;
  #forgotAt = Number.NEGATIVE_INFINITY;
  #toldDroppedAt = Number.NEGATIVE_INFINITY;
  #isAway = false;

  constructor(options: SyncErrorsOptions) {
    this.#options = options;
    this.#journal = new Journal(options.directory);
    this.#statementMs = options.statementMs ?? defaultStatementMs;
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
      await this.#send({ stop: signal });
      if (performance.now() - this.#toldDroppedAt >= tellDroppedEveryMs) this.#sayDropped();
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
    await this.flush();
    this.#sayDropped();
  }

  async countOpen({ signal }: { readonly signal: AbortSignal }): Promise<number> {
    const [found] = await this.#options.chat.query<{ open: number }>(countOpen, undefined, { signal });
    return found?.open ?? 0;
  }

  /** What a command that ends has to tell. */
  flush(): Promise<void> {
    return this.#send({ deadline: AbortSignal.timeout(lastWordsMs) });
  }

  async #send({ stop, deadline }: SendOptions): Promise<void> {
    const ends = [stop, deadline].filter((signal) => signal !== undefined);
    const statement: Statement = async (text, values) => {
      const signal = AbortSignal.any([...ends, AbortSignal.timeout(this.#statementMs)]);
      return await this.#options.chat.query(text, values, { signal });
    };
    try {
      for (let files = this.#journal.take(); files.length > 0; files = this.#journal.take())
        for (const file of files) {
          await this.#prepareWithin(ends);
          await this.#write(this.#journal.read(file), statement);
          this.#journal.sent(file);
        }
      await this.#forget(ends, statement);
      this.#sayWritten();
    } catch (thrown) {
      if (stop?.aborted === true && isLockstepError(thrown, 'interrupted')) return;
      const isLate = isLockstepError(thrown, 'interrupted');
      this.#sayAway(isLate ? 'it takes too long: is the table locked?' : toError(thrown).message);
    }
  }

  #prepareWithin(ends: readonly AbortSignal[]): Promise<void> {
    return this.prepare({ signal: AbortSignal.any([...ends, AbortSignal.timeout(this.#statementMs)]) });
  }

  #sayAway(error: string): void {
    const { log } = this.#options;
    if (!this.#isAway)
      log('WARNING', 'sync_errors can’t be written; errors are kept here until it can', { error });
    this.#isAway = true;
  }

  #sayWritten(): void {
    const { log } = this.#options;
    if (this.#isAway) log('SUCCESS', 'sync_errors can be written again');
    this.#isAway = false;
    this.#sayDropped();
  }

  /** Whether the chat is away or not: only this process knows of them. */
  #sayDropped(): void {
    const dropped = this.#journal.takeDropped();
    if (dropped === 0) return;
    this.#toldDroppedAt = performance.now();
    this.#options.log('WARNING', 'Some errors did not fit on this disk', { dropped });
  }

  async #write(entries: readonly Entry[], statement: Statement): Promise<void> {
    let failures: Failed[] = [];
    const flush = async (): Promise<void> => {
      const written = failures;
      failures = [];
      for (const some of inPieces(written)) await this.#insert(some, statement);
    };
    for (const entry of entries) {
      if (entry.kind === 'failed') {
        failures.push(entry);
        continue;
      }
      await flush();
      const { types, userIds, exceptAtMs } = entry;
      if (exceptAtMs !== undefined)
        await statement(resolveOthers, [types, userIds, Math.max(0, Date.now() - exceptAtMs)]);
      else if (userIds === null) await statement(resolve, [types, null]);
      else for (const some of inPieces(userIds)) await statement(resolve, [types, some]);
    }
    await flush();
  }

  /** What the server refuses for what it says is found by halves, and set aside: the others are written. */
  async #insert(failures: readonly Failed[], statement: Statement): Promise<void> {
    const nowMs = Date.now();
    const rows = failures.map(({ atMs, ...rest }) => ({ ...rest, ageMs: Math.max(0, nowMs - atMs) }));
    const users = failures.map(({ userId }) => userId).filter((userId) => userId !== null);
    try {
      await statement(insertFailed, [JSON.stringify(rows), users]);
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class !== 'change') throw error;
      if (failures.length === 1) return this.#setAside(failures, error.message);
      const half = Math.ceil(failures.length / 2);
      await this.#insert(failures.slice(0, half), statement);
      await this.#insert(failures.slice(half), statement);
    }
  }

  #setAside(failures: readonly Failed[], error: string): void {
    const { file } = this.#journal.setAside(failures);
    this.#options.log('WARNING', 'sync_errors refused an error; it is set aside', { file, error });
  }

  async #forget(ends: readonly AbortSignal[], statement: Statement): Promise<void> {
    if (performance.now() - this.#forgotAt < forgetEveryMs) return;
    await this.#prepareWithin(ends);
    for (let gone = mostForgotten; gone === mostForgotten; ) {
      const [counted] = await statement(forget, [this.#options.retentionDays, mostForgotten]);
      gone = counted?.gone ?? 0;
    }
    this.#forgotAt = performance.now();
  }
}

/** Each within its own time, however many there are. `gone`: of `forget`. */
type Statement = (text: string, values: readonly unknown[]) => Promise<readonly { readonly gone?: number }[]>;

function inPieces<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / mostAtOnce);
  return Array.from({ length: count }, (_, piece) =>
    items.slice(piece * mostAtOnce, (piece + 1) * mostAtOnce),
  );
}
