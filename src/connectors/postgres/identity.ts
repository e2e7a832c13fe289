import type { SourceIdentity } from '../../protocol/identity.ts';
import type { Session } from './session/session.ts';

interface IdentityRow {
  readonly database: string;
  readonly version: string;
  readonly system: string | null;
  readonly timeline: string | null;
  readonly fallback: string;
}

/**
 * The system identifier is made by initdb and kept by replicas and by physical backups; a new timeline begins where
 * a server was promoted or restored. Right after that the control file still tells the old one, until a checkpoint; the name of the
 * file that is written now does not. Where the control file may not be read, the database's OID has to do, which
 * tells fewer servers apart.
 */
const identityQuery = `
SELECT pg_catalog.current_database()::text AS database, pg_catalog.current_setting('server_version') AS version,
  CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
    THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END AS system,
  CASE WHEN NOT pg_catalog.pg_is_in_recovery()
    THEN ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::pg_catalog.bit(32)::int4::text
    WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')
    THEN (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()) END AS timeline,
  (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AS fallback`;

export async function readIdentity(
  session: Session,
  options: { readonly signal: AbortSignal },
): Promise<SourceIdentity> {
  const { rows } = await session.query<IdentityRow>(identityQuery, undefined, options);
  const row = rows[0];
  if (row === undefined) throw new Error('the server says nothing about itself');
  const server =
    row.system === null ? `database-oid-${row.fallback}` : `${row.system}/${row.timeline ?? '?'}`;
  return {
    connector: 'postgres',
    id: `${server}/${row.database}`,
    label: `PostgreSQL ${row.version}, database ${row.database}`,
  };
}
