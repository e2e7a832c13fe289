import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectorNotice } from '../../../../../protocol/connector.ts';
import {
  isLockstepError,
  LockstepError,
  toLockstepError,
} from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { interrupted } from '../../../errors.ts';
import { briefTransaction } from '../../../session/brief-transaction.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import { createSchema, lockSchema, readSchemaState } from '../../state-schema.ts';
import type { CaptureRequest } from '../capture-request.ts';
import { captureSteps } from './capture-steps.ts';
import { readCaptures, readLogState } from './captures.ts';
import { createLog, dropLog, type LogStatement, regainLog } from './create-log.sql.ts';
import { lockPatience, mendCapture, retire, type SetupContext } from './mend-capture.ts';
import { readTableFacts } from './table-facts.ts';

export interface PrepareRequest {
  readonly context: SetupContext;
  readonly captures: readonly CaptureRequest[];
  readonly signal: AbortSignal;
  readonly notice: (notice: ConnectorNotice) => void;
}

/** Makes log and triggers, as far as they are missing; takes away those of tables that are no longer captured. */
export async function prepareCapture(
  pool: SessionPool,
  request: PrepareRequest,
): Promise<readonly PreparedStep[]> {
  const { signal } = request;
  return await pool.use(
    async (session) => {
      const steps = [...(await makeLog(session, request))];
      for (const capture of request.captures)
        steps.push(...(await inTransaction(session, request, () => mendOne(session, { request, capture }))));
      steps.push(...(await inTransaction(session, request, () => retireOthers(session, request))));
      reach('capture.make.after');
      return steps;
    },
    { signal },
  );
}

/** What `prepareCapture` would do. */
export async function previewCapture(
  pool: SessionPool,
  request: PrepareRequest,
): Promise<readonly PreparedStep[]> {
  const { context, signal } = request;
  return await pool.use(
    async (session) => {
      const statements = await missingLog(session, request);
      if (statements.length > 0) return [...statements, ...(await firstSteps(session, request))];
      const steps: PreparedStep[] = [];
      for (const capture of request.captures) {
        const mended = await mendCapture(session, { context, request: capture }, { signal, dry: true });
        steps.push(...mended.steps);
      }
      return [...steps, ...(await retireOthers(session, { ...request, dry: true }))];
    },
    { signal },
  );
}

/** Of every table, when there is no log yet. */
async function firstSteps(
  session: Session,
  { context, captures, signal }: PrepareRequest,
): Promise<PreparedStep[]> {
  const wanted = captures.map(({ table }) => ({ ...table, oid: 0 }));
  const facts = await readTableFacts(session, { layout: context.layout, wanted }, { signal });
  return captures.flatMap(({ columns }, place) => {
    const table = facts[place] ?? null;
    return table === null ? [] : [...captureSteps(table, { ...context, capture: place + 1, columns }).steps];
  });
}

async function makeLog(session: Session, request: PrepareRequest): Promise<readonly PreparedStep[]> {
  const { context, signal } = request;
  if ((await missingLog(session, request)).length === 0) return [];
  reach('log.make.before');
  const steps = await briefTransaction(
    session,
    async () => {
      await session.execute(lockSchema(context.layout.schemaName), { signal });
      // Another engine may have made it while we waited for the lock.
      const missing = await missingLog(session, request);
      for (const { statement } of missing) await session.execute(statement, { signal });
      return missing;
    },
    { signal },
  );
  reach('log.make.after');
  return steps;
}

/** A log of which a part is missing is made anew, under another epoch: what it held is not certain any more. */
async function missingLog(
  session: Session,
  { context, signal }: PrepareRequest,
): Promise<readonly LogStatement[]> {
  const { layout } = context;
  const state = await readLogState(session, layout, { signal });
  if (state === 'whole') return [];
  if (state === 'barred') return [regainLog(layout, context.user)];
  const { present } = await readSchemaState(session, layout.schemaName, { signal });
  const schema = { what: 'Make our schema at the source', statement: createSchema(layout.schemaName) };
  const statements = [
    ...(present ? [] : [schema]),
    ...(state === 'damaged'
      ? dropLog(layout).filter(({ statement }) => !statement.includes(layout.guard))
      : []),
    ...createLog(layout),
  ];
  return statements.map(({ what, statement }) => ({ what, statement: statement.trim() }));
}

/**
 * One table at a time, so that no lock on one is held while another is waited for. A lock that is not to be had within a second is
 * asked for again after a pause, in which those whom our waiting held up go on.
 */
async function inTransaction<T>(
  session: Session,
  request: PrepareRequest,
  work: () => Promise<T>,
): Promise<T> {
  const { context, signal, notice } = request;
  const locks = `${lockPatience}; ${lockSchema(context.layout.schemaName)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await briefTransaction(
        session,
        async () => {
          await session.execute(locks, { signal });
          return await work();
        },
        { signal },
      );
    } catch (thrown) {
      const error = toLockstepError(thrown);
      const mayPass =
        isLockstepError(error, 'lock-timeout') || isLockstepError(error, 'transaction-conflict');
      if (!mayPass || attempt === lockAttempts) throw error;
      notice({ kind: 'waiting', message: `setting up the triggers waits: ${error.message}` });
      await pause(lockPauseMs, signal);
    }
  }
}

const lockAttempts = 30;
const lockPauseMs = 1_000;

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    throw interrupted(signal);
  }
}

async function mendOne(
  session: Session,
  { request, capture }: { readonly request: PrepareRequest; readonly capture: CaptureRequest },
): Promise<readonly PreparedStep[]> {
  const { context, signal } = request;
  const mended = await mendCapture(session, { context, request: capture }, { signal });
  if (mended.capture === null)
    throw new LockstepError('collection-unknown', {
      side: 'source',
      collection: capture.source,
      nearest: '',
    });
  if (mended.refused.length > 0) throw notAllowed(context.user, mended.refused);
  return mended.steps;
}

const notAllowed = (user: string, statements: readonly string[]): LockstepError =>
  new LockstepError('permission-denied', {
    user,
    detail: 'TRIGGER on tables that are captured',
    grant: `As the owner: ${[...new Set(statements)].join(' ')}`,
  });

async function retireOthers(
  session: Session,
  { context, captures, signal, dry = false }: PrepareRequest & { readonly dry?: boolean },
): Promise<readonly PreparedStep[]> {
  const wanted = new Set(captures.map(({ source }) => source));
  const steps: PreparedStep[] = [];
  for (const former of await readCaptures(session, context.layout, { signal }))
    if (former.active && !wanted.has(former.source))
      steps.push(...(await retire({ session, context, options: { signal, dry } }, former)));
  return steps;
}
