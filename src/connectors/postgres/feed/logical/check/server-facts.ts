import { readItems } from '../../../catalog/read-items.ts';
import type { Session } from '../../../session/session.ts';

export interface ServerFacts {
  readonly walLevel: string;
  readonly mayReplicate: boolean;
  /** May make things in the database. */
  readonly mayCreate: boolean;
  readonly slots: { readonly used: number; readonly most: number };
  readonly senders: { readonly used: number; readonly most: number };
  readonly keepUnlimited: boolean;
}

/** On RDS the right is a role's; elsewhere it is an attribute. */
const serverFactsQuery = `
SELECT pg_catalog.json_build_object(
  'walLevel', pg_catalog.current_setting('wal_level'),
  'mayReplicate', (SELECT r.rolsuper OR r.rolreplication FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
    OR EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'rds_replication' AND pg_catalog.pg_has_role(r.oid, 'USAGE')),
  'mayCreate', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'slots', pg_catalog.json_build_object('used', (SELECT count(*) FROM pg_catalog.pg_replication_slots),
    'most', pg_catalog.current_setting('max_replication_slots')::int4),
  'senders', pg_catalog.json_build_object('used', (SELECT count(*) FROM pg_catalog.pg_stat_replication),
    'most', pg_catalog.current_setting('max_wal_senders')::int4),
  'keepUnlimited', pg_catalog.current_setting('max_slot_wal_keep_size') = '-1')::text AS item`;

export async function readServerFacts(
  session: Session,
  options: { readonly signal: AbortSignal },
): Promise<ServerFacts> {
  const [facts] = await readItems<ServerFacts>(session, { sql: serverFactsQuery, values: [], ...options });
  if (facts === undefined) throw new Error('the server says nothing about itself');
  return facts;
}
