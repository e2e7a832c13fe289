import { type Database, type Finding, LockstepError, type QueryOptions } from '../../../index.ts';
import type { UserTableSyncService } from '../service.ts';
import { rightsForIndex } from './status-index.sql.ts';
import { checkIndex } from './status-index.ts';

interface Rights {
  readonly role: string;
  /** Null: nothing is to be made. */
  readonly lacking: string | null;
}

const rightsInChat = `
SELECT quote_ident(current_user) AS role, CASE
    WHEN to_regclass('public.sync_errors') IS NULL AND NOT has_schema_privilege('public', 'CREATE') THEN 'CREATE ON SCHEMA public'
  END AS lacking`;

/** What `setup` lacks for the index and for `sync_errors`; the rest is the engine's, which says so itself. */
export async function checkSetup(
  { source, chat }: Pick<UserTableSyncService, 'source' | 'chat'>,
  options: QueryOptions,
): Promise<readonly Finding[]> {
  // Only `setup` makes the index, and nothing else needs it.
  const index = {
    level: 'warning',
    subject: 'source',
    detail: 'making the index idx_users_status_updated on users',
  } as const;
  const table = { level: 'error', subject: 'destination', detail: 'making the table sync_errors' } as const;
  return [
    ...(await checkIndex(source, options)),
    ...(await lackingOf(source, { ...index, query: rightsForIndex }, options)),
    ...(await lackingOf(chat, { ...table, query: rightsInChat }, options)),
  ];
}

interface Asked extends Pick<Finding, 'level' | 'subject'> {
  readonly detail: string;
  readonly query: string;
}

async function lackingOf(
  database: Database,
  { level, subject, detail, query }: Asked,
  options: QueryOptions,
): Promise<readonly Finding[]> {
  const [found] = await database.query<Rights>(query, undefined, options);
  if (found === undefined || found.lacking === null) return [];
  const { role, lacking } = found;
  const grant = `GRANT ${lacking} TO ${role};`;
  const { code, message, cure } = new LockstepError('permission-denied', { user: role, detail, grant });
  return [{ level, code, subject, message, cure }];
}
