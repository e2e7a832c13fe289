import { isLockstepError, LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Target } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { modelOf } from './member.ts';

/** Any lock keeps us from changing the place of a table; who reads it has one until the end of the transaction. */
const holdersQuery = `
SELECT DISTINCT 'process ' || a.pid || ' of ' || coalesce(nullif(a.application_name, ''), a.usename, 'another user')
    || ' (' || coalesce(a.state, '?') || coalesce(' since ' || pg_catalog.date_trunc('second', a.xact_start)::text, '') || ')' AS name
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.relation = ANY ($1::pg_catalog.oid[]) AND a.datname = pg_catalog.current_database()
  AND a.pid <> pg_catalog.pg_backend_pid()
ORDER BY 1 LIMIT 5`;

interface Asked {
  readonly targets: readonly Target[];
  readonly signal: AbortSignal;
}

/** A lock that was not to be had is told with who holds it. Asked once our transaction is over: then a session is free, and it is not ours. */
export async function namingHolders(
  destination: Destination,
  asked: Asked,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!isLockstepError(thrown, 'lock-timeout')) throw thrown;
    throw named(thrown, await holdersOf(destination, asked, thrown.details['collection']));
  }
}

/** Of the table that the server named, whichever way it was to come in. */
async function holdersOf(
  { pool }: Destination,
  { targets, signal }: Asked,
  collection: string | number | undefined,
): Promise<readonly string[]> {
  const tables = targets.map(modelOf).filter((model) => model.collection === collection);
  const oids = tables.map(({ table }) => table.oid);
  const { rows } = await pool.use(
    (session) => session.query<{ name: string }>(holdersQuery, [oids], { signal }),
    { signal },
  );
  return rows.map(({ name }) => name);
}

/** Nobody: they are gone meanwhile. */
function named(error: LockstepError, holders: readonly string[]): LockstepError {
  if (holders.length === 0) return error;
  const { collection = 'a target', detail: timeout = '' } = error.details;
  const detail = `${timeout}, held by ${holders.join(', ')}`;
  return new LockstepError('lock-timeout', { collection, detail }, { cause: error });
}
