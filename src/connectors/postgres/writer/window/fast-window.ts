import {
  isLockstepError,
  LockstepError,
  toLockstepError,
} from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { BatchRows, BatchStatement } from '../../session/batch.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { sessionTag } from '../state/session-tag.ts';
import { settleAbandoned } from '../state/write-transaction.ts';
import { hasDeferrable } from './can-upsert.ts';
import { textArray } from './column-array.ts';
import type { Planned } from './part-statements.ts';
import { splitMarks } from './split-marks.ts';
import type { WindowPart } from './window-part.ts';
import type { WindowSessions } from './window-sessions.ts';
import { holdFence, movePosition, noteMarks } from './window-state.sql.ts';

export interface FastRequest {
  readonly destination: Destination;
  readonly sessions: WindowSessions;
  readonly window: WindowWrite;
  readonly parts: readonly WindowPart[];
  /** The letter's number is the one that the destination has. */
  readonly letterKnown: boolean;
  /** Its statements, in order. */
  readonly planned: readonly Planned[];
  readonly options: WriteOptions;
}

/** Whether no statement of it needs what another one found out, or a temporary table. */
export const canBeFast = (parts: readonly WindowPart[]): boolean =>
  parts.every(({ model, changes, moves, spared }) => {
    if (moves.length > 0 || spared.size > 0) return false;
    const leaves = model.leaving.kind === 'custom' && changes.some(({ kind }) => kind === 'leave');
    return !leaves && model.key.length > 0;
  });

/**
 * A window in one round trip: every statement, and the commit, is sent before anything was answered. What must not be committed therefore
 * is an error by itself: an old fence, a partial row without its row. Throws what was refused; nothing is written then.
 */
export async function applyFast(request: FastRequest): Promise<void> {
  const { destination, sessions, parts, planned, options } = request;
  const { lease, signal } = options;
  const state = stateStatements(request);
  const changes = parts.reduce((sum, part) => sum + part.changes.length, 0);
  const isDeferring = parts.some(({ model }) => hasDeferrable(model));
  const results = await sessions.use(
    async (session, plans) => {
      const anew = plans.isDue(changes) ? [plansAnew] : [];
      const statements = [...anew, ...state, ...planned.map(({ statement }) => statement)];
      if (destination.pool.abandoned.size > 0) await settleAbandoned(session, destination, { lease, signal });
      const sent = isDeferring
        ? await sendDeferring(session, statements, options)
        : await send(session, statements, options);
      return sent.slice(anew.length);
    },
    { signal },
  );
  planned.forEach(({ note }, index) => {
    note(results[state.length + index] ?? []);
  });
  reach('destination.window.after-commit');
}

/** The commit was on its way with everything else. */
function throwInDoubt(thrown: unknown): never {
  const error = toLockstepError(thrown);
  const isLost = isLockstepError(error, 'connection-lost') || isLockstepError(error, 'connection-stalled');
  if (!isLost) throw error;
  const detail = `${error.details['detail'] ?? error.message}; whether the window was committed is unknown`;
  const address = String(error.details['address']);
  throw new LockstepError('connection-lost', { address, detail }, { cause: error });
}

function send(
  session: Session,
  statements: readonly BatchStatement[],
  { signal }: WriteOptions,
): Promise<readonly BatchRows[]> {
  const beforeCommit = () => reach('destination.window.before-commit');
  return session.batch(statements, { signal, beforeCommit }).catch(throwInDoubt);
}

const plain = (sql: string): BatchStatement => ({ sql, values: [] });
const plansAnew = plain('DISCARD PLANS');
const beginDeferring = [plain('BEGIN'), plain('SET CONSTRAINTS ALL DEFERRED')];
const endDeferring = [plain('SET CONSTRAINTS ALL IMMEDIATE'), plain('COMMIT')];

/**
 * What is deferrable is checked once all is there, and before the commit, so that a violation is told as one of a statement. With BEGIN and
 * COMMIT, since servers before 18 complain in their log about SET CONSTRAINTS without them.
 */
async function sendDeferring(
  session: Session,
  statements: readonly BatchStatement[],
  options: WriteOptions,
): Promise<readonly BatchRows[]> {
  try {
    const results = await send(session, [...beginDeferring, ...statements, ...endDeferring], options);
    return results.slice(beginDeferring.length);
  } catch (thrown) {
    if (!session.broken) await session.execute('ROLLBACK').catch(() => session.destroy());
    throw thrown;
  }
}

function stateStatements({
  destination,
  window,
  letterKnown,
  options,
}: FastRequest): readonly BatchStatement[] {
  const { layout } = destination;
  const { pipeline, fence } = options.lease;
  const { position, marks, newestLetter } = window;
  const common = [pipeline, String(fence), sessionTag(pipeline, fence)];
  const refusals = { '22012': () => new LockstepError('fence-lost', { pipeline }) };
  const statements: BatchStatement[] = [];
  if (position !== null) {
    const values = [...common, position.shard, String(position.lane), position.at];
    statements.push({ sql: movePosition(layout), values, refusals });
  }
  if (marks.size > 0 || !letterKnown) {
    const { set, gone } = splitMarks(marks);
    const values = [...common, JSON.stringify(set), textArray(gone), String(newestLetter)];
    statements.push({ sql: noteMarks(layout), values, refusals });
  }
  if (statements.length === 0) statements.push({ sql: holdFence(layout), values: common, refusals });
  return statements;
}
