import { qualified } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { type JournalEntry, type JournalRequest, keepEntry } from './journal.ts';

/** Nothing is kept of it but its record. */
export async function dropKept(
  session: Session,
  entry: JournalEntry,
  request: JournalRequest,
): Promise<void> {
  await dropTables(session, entry, request);
  await keepEntry(session, { ...entry, state: 'discarded' }, request);
}

/** Inside a transaction. */
export async function dropTables(
  session: Session,
  entry: JournalEntry,
  { layout, signal }: JournalRequest,
): Promise<void> {
  const names = entry.collections.flatMap(({ tables }) => Object.values(tables));
  const tables = names.map((table) => qualified({ schema: layout.schemaName, table }));
  if (tables.length > 0) await session.execute(`DROP TABLE IF EXISTS ${tables.join(', ')}`, { signal });
}
