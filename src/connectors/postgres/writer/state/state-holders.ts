import { quoteLiteral } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { StateLayout } from './state-layout.ts';

/** Who locks a row of a table has a lock on the table until the end of the transaction. */
const holdersQuery = ({ state }: StateLayout): string => `
SELECT DISTINCT 'process ' || a.pid || ' of ' || coalesce(nullif(a.application_name, ''), a.usename, 'another user')
    || ' (' || coalesce(a.state, '?') || ')' AS name
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.relation = pg_catalog.to_regclass(${quoteLiteral(state)}) AND a.datname = pg_catalog.current_database()
  AND l.mode <> 'AccessShareLock' AND a.pid <> pg_catalog.pg_backend_pid()`;

/** For people: `process 4711 of app (idle in transaction)`. Empty: they are gone, or it is our tables that are being made. */
export async function stateHolders(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { rows } = await session.query<{ name: string }>(holdersQuery(layout), undefined, options);
  return rows.map(({ name }) => name);
}
