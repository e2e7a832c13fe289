import { toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { readItems } from '../../../catalog/read-items.ts';
import { qualified } from '../../../names.ts';
import { briefTransaction } from '../../../session/brief-transaction.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import { dropSchemaIfEmpty, lockSchema } from '../../state-schema.ts';
import type { LogLayout } from '../log-layout.ts';
import { readLogState } from './captures.ts';
import { dropLog } from './create-log.sql.ts';
import { lockPatience } from './mend-capture.ts';
import { ourFunctionsQuery } from './tables.sql.ts';

interface RemoveRequest {
  readonly layout: LogLayout;
  readonly signal: AbortSignal;
}

/**
 * Takes away all of ours: functions with their triggers (whoever owns the function may, whoever owns the table), then the
 * log. A step that is refused is named with its statement, for somebody who may; the others are done all the same.
 */
export async function removeCapture(
  pool: SessionPool,
  request: RemoveRequest,
): Promise<readonly PreparedStep[]> {
  reach('capture.drop.before');
  const steps = await pool.use((session) => removeAll(session, request), request);
  reach('capture.drop.after');
  return steps;
}

async function removeAll(session: Session, request: RemoveRequest): Promise<readonly PreparedStep[]> {
  const { layout, signal } = request;
  const steps: PreparedStep[] = [];
  for (const step of await functionSteps(session, request)) steps.push(await attempt(session, request, step));
  if ((await readLogState(session, layout, { signal })) !== 'missing' || steps.length > 0)
    for (const step of dropLog(layout)) steps.push(await attempt(session, request, step));
  const schema = await briefTransaction(
    session,
    async () => {
      await session.execute(lockSchema(layout.schemaName), { signal });
      return await dropSchemaIfEmpty(session, layout.schemaName, { signal });
    },
    { signal },
  );
  return [...steps, ...schema];
}

async function functionSteps(
  session: Session,
  { layout, signal }: RemoveRequest,
): Promise<readonly { readonly what: string; readonly statement: string }[]> {
  const values = [layout.schemaName, layout.captureNames];
  const functions = await readItems<{ name: string }>(session, { sql: ourFunctionsQuery, values, signal });
  return functions.map(({ name }) => {
    const quoted = qualified({ schema: layout.schemaName, table: name });
    return {
      what: 'Drop triggers and their function',
      statement: `DROP FUNCTION IF EXISTS ${quoted}() CASCADE`,
    };
  });
}

/** Each in a transaction of its own, so that no lock on a table is held while another is waited for. */
async function attempt(
  session: Session,
  { signal }: RemoveRequest,
  { what, statement }: { readonly what: string; readonly statement: string },
): Promise<PreparedStep> {
  try {
    await briefTransaction(
      session,
      async () => {
        await session.execute(`${lockPatience}; ${statement}`, { signal });
      },
      { signal },
    );
    return { what, statement };
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class === 'transient' || error.code === 'interrupted') throw error;
    return { what: `Left behind: ${what} (${error.message})`, statement };
  }
}
