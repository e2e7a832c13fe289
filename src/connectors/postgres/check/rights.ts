import { nearestHint } from '../../../protocol/nearest-name.ts';
import type { PgSequence, PgTable } from '../catalog/pg-table.ts';
import { readItems } from '../catalog/read-items.ts';
import { formatName, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import {
  databaseRightsQuery,
  referenceRightsQuery,
  relationNamesQuery,
  relationRightsQuery,
  sequenceRightsQuery,
} from './rights.sql.ts';

export interface RelationRights {
  /** Of the schema. */
  readonly usage: boolean;
  readonly select: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
  readonly unreadable: readonly string[];
  /** Row security applies to this user. */
  readonly rowsHidden: boolean;
}

export interface SequenceRights {
  readonly schema: string;
  readonly name: string;
  /** Of the schema. */
  readonly usage: boolean;
  readonly select: boolean;
  readonly update: boolean;
}

export interface ReferenceRights {
  /** Of the schema. */
  readonly usage: boolean;
  readonly references: boolean;
}

export interface DatabaseRights {
  readonly database: string;
  readonly version: string;
  readonly standby: boolean;
  readonly readOnly: boolean;
  readonly temporary: boolean;
  readonly create: boolean;
  readonly schemas: readonly { readonly name: string; readonly create: boolean; readonly usage: boolean }[];
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export async function readRelationRights(
  session: Session,
  table: PgTable,
  options: Options,
): Promise<RelationRights> {
  const [rights] = await readItems<RelationRights>(session, {
    sql: relationRightsQuery,
    values: [table.oid],
    ...options,
  });
  if (rights === undefined) throw new Error(`${formatName(table)} went away while it was checked`);
  return rights;
}

export async function readSequenceRights(
  session: Session,
  sequences: readonly PgSequence[],
  options: Options,
): Promise<readonly SequenceRights[]> {
  if (sequences.length === 0) return [];
  const values = [sequences.map(({ schema }) => schema), sequences.map(({ name }) => name)];
  return readItems<SequenceRights>(session, { sql: sequenceRightsQuery, values, ...options });
}

/** Null: the table went away meanwhile. */
export async function readReferenceRights(
  session: Session,
  { table, columns }: { readonly table: PgTable; readonly columns: readonly string[] },
  options: Options,
): Promise<ReferenceRights | null> {
  const values = [table.oid, columns];
  const [rights] = await readItems<ReferenceRights>(session, {
    sql: referenceRightsQuery,
    values,
    ...options,
  });
  return rights ?? null;
}

export async function readDatabaseRights(
  session: Session,
  schemas: readonly string[],
  options: Options,
): Promise<DatabaseRights> {
  const [rights] = await readItems<DatabaseRights>(session, {
    sql: databaseRightsQuery,
    values: [schemas],
    ...options,
  });
  if (rights === undefined) throw new Error('the server says nothing about its database');
  return rights;
}

/** `; did you mean public.users?`, among all names of the database. */
export async function nearestRelation(session: Session, name: TableName, options: Options): Promise<string> {
  const known = await readItems<TableName>(session, { sql: relationNamesQuery, values: [], ...options });
  return nearestHint(formatName(name), known.map(formatName));
}
