import {
  type DeadLetter,
  type GuardRecord,
  type Lease,
  type PipelineRequest,
  type RunRecord,
  requestKinds,
  type StoredConnection,
} from '../../protocol/control-store.ts';
import { isErrorCode } from '../../protocol/errors/catalogue.ts';
import type { Key } from '../../protocol/names.ts';
import type { Json } from '../../protocol/value.ts';
import type { RowReading } from './read-row.ts';

/** Rows as records. Columns have the same names in every store that has tables. */
export interface Records<Row> {
  readonly toLetter: (row: Row) => DeadLetter;
  readonly toGuard: (row: Row) => GuardRecord;
  readonly toRequest: (row: Row) => PipelineRequest;
  readonly toRun: (row: Row) => RunRecord;
  readonly toConnection: (row: Row) => StoredConnection;
  /** Null: there is none, or nobody has it. */
  readonly toLease: (row: Row | undefined) => Lease | null;
}

export function recordsOf<Row>({
  integer,
  integerOrNull,
  text,
  textOrNull,
  bytesOrNull,
  oneOf,
}: RowReading<Row>): Records<Row> {
  const json = (row: Row, column: string): Json => JSON.parse(text(row, column));
  return {
    toLetter: (row) => {
      const code = text(row, 'code');
      return {
        id: integer(row, 'id'),
        pipeline: text(row, 'pipeline'),
        collection: text(row, 'collection'),
        key: text(row, 'key'),
        // A code that an older Lockstep stored may have been retired since.
        code: isErrorCode(code) ? code : 'internal',
        message: text(row, 'message'),
        attempts: integer(row, 'attempts'),
        firstFailedAtMs: integer(row, 'first_failed_at_ms'),
        lastFailedAtMs: integer(row, 'last_failed_at_ms'),
        state: oneOf(row, 'state', ['deferred', 'parked']),
        until: textOrNull(row, 'until'),
        sealed: bytesOrNull(row, 'sealed'),
      };
    },
    toGuard: (row) => {
      const samples: readonly Key[] = JSON.parse(text(row, 'samples'));
      return {
        pipeline: text(row, 'pipeline'),
        collection: text(row, 'collection'),
        leaving: integer(row, 'leaving'),
        total: integer(row, 'total'),
        samples,
        state: oneOf(row, 'state', ['waiting', 'approved']),
        raisedAtMs: integer(row, 'raised_at_ms'),
        approvedAtMs: integerOrNull(row, 'approved_at_ms'),
      };
    },
    toRequest: (row) => ({
      id: integer(row, 'id'),
      pipeline: text(row, 'pipeline'),
      kind: oneOf(row, 'kind', requestKinds),
      detail: json(row, 'detail'),
      state: oneOf(row, 'state', ['waiting', 'running', 'done', 'failed']),
      result: json(row, 'result'),
      askedAtMs: integer(row, 'asked_at_ms'),
    }),
    toRun: (row) => ({
      id: integer(row, 'id'),
      pipeline: text(row, 'pipeline'),
      kind: oneOf(row, 'kind', ['run', 'verify', 'repair', 'live']),
      startedAtMs: integer(row, 'started_at_ms'),
      endedAtMs: integerOrNull(row, 'ended_at_ms'),
      result: oneOf(row, 'result', ['running', 'equal', 'pending', 'differences', 'failed', 'interrupted']),
      summary: json(row, 'summary'),
    }),
    toConnection: (row) => ({
      name: text(row, 'name'),
      sealed: bytesOrNull(row, 'sealed') ?? new Uint8Array(),
      savedAtMs: integer(row, 'saved_at_ms'),
    }),
    toLease: (row) => {
      const owner = row === undefined ? null : textOrNull(row, 'owner');
      return row === undefined || owner === null
        ? null
        : {
            pipeline: text(row, 'pipeline'),
            owner,
            fence: integer(row, 'fence'),
            expiresAtMs: integer(row, 'expires_at_ms'),
          };
    },
  };
}
