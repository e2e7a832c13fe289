import type { PreparedStep } from '../../../protocol/writer.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import type { Session } from '../session/session.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** Whoever makes or drops something in our schema does so one after the other; a destination's writer takes the same lock. */
export const lockSchema = (schemaName: string): string =>
  `SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${quoteLiteral(`lockstep state ${schemaName}`)}, 0))`;

export const createSchema = (schemaName: string): string => `CREATE SCHEMA ${quoteIdentifier(schemaName)}`;

interface SchemaState {
  readonly present: boolean;
  readonly ours: boolean;
  readonly empty: boolean;
}

/** $1 the schema's name. What is in it is found by what says that it depends on it. */
const schemaState = `
SELECT n.oid IS NOT NULL AS present,
  n.oid IS NOT NULL AND pg_catalog.pg_has_role(n.nspowner, 'USAGE') AS ours,
  NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid) AS empty
FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1`;

export async function readSchemaState(
  session: Session,
  schemaName: string,
  options: SignalOption,
): Promise<SchemaState> {
  const { rows } = await session.query<SchemaState>(schemaState, [schemaName], options);
  return rows[0] ?? { present: false, ours: false, empty: true };
}

/** Inside a transaction that holds `lockSchema`. What others put into it stays, and so does the schema then. */
export async function dropSchemaIfEmpty(
  session: Session,
  schemaName: string,
  options: SignalOption,
): Promise<readonly PreparedStep[]> {
  const { present, ours, empty } = await readSchemaState(session, schemaName, options);
  if (!present || !ours || !empty) return [];
  const statement = `DROP SCHEMA ${quoteIdentifier(schemaName)}`;
  await session.execute(statement, options);
  return [{ what: 'Drop our schema at the source', statement }];
}
