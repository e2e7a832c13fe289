import type { Duplex } from 'node:stream';
import type { Connection, Submittable } from 'pg';
import pg from 'pg';
import type { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { ByteWriter } from '../copy/byte-writer.ts';
import {
  type Parameter,
  writeBind,
  writeClose,
  writeExecute,
  writeParse,
  writeSync,
} from './extended-messages.ts';
import type { StatementNames } from './statement-names.ts';

export type { Parameter } from './extended-messages.ts';

export interface BatchStatement {
  /** One statement; prepared once per session, so its text must not hold data. */
  readonly sql: string;
  /** A function is called when what stands before it is on its way already, so that the server works while values are made. */
  readonly values: readonly Parameter[] | (() => readonly Parameter[]);
  /** Named in errors. */
  readonly collection?: string;
  /** What the statement means when it fails with a SQLSTATE, where that differs from what it usually means. */
  readonly refusals?: Readonly<Record<string, () => LockstepError>>;
}

/** The rows of one statement, every field as text. */
export type BatchRows = readonly (readonly (string | null)[])[];

/** The prepared statement is not there, or is there already: somebody stands between us and the server process. */
const lostNames: ReadonlySet<string> = new Set(['26000', '42P05']);

/** Messages are written here; small ones are copied, which costs less than a buffer of their own. */
let scratch = new ByteWriter();
const largestKept = 512 * 1024;
const pieceBytes = 16 * 1024;

function sendWritten(stream: Duplex): void {
  if (scratch.at > 0) stream.write(Buffer.from(scratch.bytes.subarray(0, scratch.at)));
  scratch.at = 0;
}

/** Makes sure that nothing before it is committed. */
function writeRefused(out: ByteWriter): void {
  writeParse(out, '', 'SELECT 1 / 0');
  writeBind(out, { name: '', values: [] }, () => undefined);
  writeExecute(out);
}
const refusedState = '22012';

export interface BatchOptions {
  readonly names: StatementNames;
  /** Called when everything but the commit is written. */
  readonly beforeCommit?: (() => void) | undefined;
}

/**
 * Several statements in one message, without waiting between them and with one Sync at the end: together they are one transaction, which
 * the server commits when it reads the Sync. The first error undoes all of it and what follows is skipped.
 */
export class BatchQuery implements Submittable {
  readonly #statements: readonly BatchStatement[];
  readonly #names: StatementNames;
  readonly #beforeCommit: () => void;
  readonly #results: (string | null)[][][];
  readonly #settled = Promise.withResolvers<readonly BatchRows[]>();
  #completed = 0;
  #written = 0;
  /** Statements that this batch prepares. */
  readonly #parsed: { readonly sql: string; readonly index: number }[] = [];
  #namesLost = false;
  /** Why a statement's values could not be made. */
  #unmade: { readonly error: unknown } | null = null;

  constructor(statements: readonly BatchStatement[], { names, beforeCommit }: BatchOptions) {
    this.#statements = statements;
    this.#names = names;
    this.#beforeCommit = beforeCommit ?? (() => undefined);
    this.#results = statements.map(() => []);
  }

  /** Resolves when the transaction is committed. */
  get done(): Promise<readonly BatchRows[]> {
    return this.#settled.promise;
  }

  /** The one that was at work, or failed; undefined: all were done, and it was committing. */
  get current(): BatchStatement | undefined {
    return this.#statements[this.#completed];
  }

  /** It failed because of statement names alone: the same again will do without them. */
  get namesLost(): boolean {
    return this.#namesLost;
  }

  submit(connection: Connection): void {
    const { stream } = connection;
    scratch.at = 0;
    for (const name of this.#names.takeDoubtful()) writeClose(scratch, name);
    try {
      for (const statement of this.#statements) this.#write(statement, stream);
      this.#beforeCommit();
    } catch (thrown) {
      this.#unmade = { error: thrown };
      writeRefused(scratch);
    }
    writeSync(scratch);
    sendWritten(stream);
    if (scratch.bytes.length > largestKept) scratch = new ByteWriter();
  }

  #write({ sql, values }: BatchStatement, stream: Duplex): void {
    // Made first: what throws must not leave half a statement.
    const made = typeof values === 'function' ? values() : values;
    const known = this.#names.find(sql);
    const name = known ?? this.#names.assign(sql);
    if (known === null) {
      writeParse(scratch, name, sql);
      this.#parsed.push({ sql, index: this.#written });
    }
    this.#written += 1;
    stream.cork();
    try {
      this.#bind({ name, values: made }, stream);
    } finally {
      stream.uncork();
    }
  }

  #bind(statement: Parameters<typeof writeBind>[1], stream: Duplex): void {
    const start = scratch.at;
    let isBegun = false;
    try {
      writeBind(scratch, statement, (bytes) => {
        sendWritten(stream);
        isBegun = true;
        stream.write(bytes);
      });
    } catch (thrown) {
      // One that is too large for a message, for example. Nothing can follow half a message.
      if (isBegun) stream.destroy();
      else scratch.at = start;
      throw thrown;
    }
    writeExecute(scratch);
    // The server waits for the end of what has begun.
    if (isBegun || scratch.at > pieceBytes) sendWritten(stream);
  }

  handleDataRow({ fields }: { readonly fields: (string | null)[] }): void {
    this.#results[this.#completed]?.push(fields);
  }

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    this.#completed += 1;
  }

  handleReadyForQuery(): void {
    this.#settled.resolve(this.#results);
  }

  handleError(error: unknown): void {
    // The failed one may have been parsed, those behind it were not; older names are as good as they were.
    for (const { sql, index } of this.#parsed) if (index >= this.#completed) this.#names.forget(sql);
    const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
    if (lostNames.has(state)) {
      this.#namesLost = true;
      this.#names.giveUp();
    }
    this.#settled.reject(this.#reason(error, state));
  }

  #reason(error: unknown, state: string): unknown {
    // Of all that was written only the refusal at its end has not been completed.
    const isUnmade = state === refusedState && this.#completed === this.#written;
    if (this.#unmade !== null && isUnmade) return this.#unmade.error;
    return this.current?.refusals?.[state]?.() ?? error;
  }
}
