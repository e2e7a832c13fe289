import { z } from 'zod';
import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { indexesOf } from './indexes.sql.ts';

const text = z.string().nullable();
const indexSchema = z.strictObject({
  name: z.string(),
  unique: z.boolean(),
  /** The whole statement that makes it, but for its tablespace. */
  definition: z.string(),
  /** Null: a plain index. */
  constraint: z.enum(['p', 'u']).nullable(),
  deferrable: z.boolean(),
  deferred: z.boolean(),
  /** Empty: that of the database. */
  tablespace: z.string(),
  clustered: z.boolean(),
  replicaIdentity: z.boolean(),
  comment: text,
  constraintComment: text,
  statistics: z
    .string()
    .transform((value) => JSON.parse(value) as unknown)
    .pipe(z.array(z.strictObject({ column: z.int(), target: z.int() }))),
});
export type StandingIndex = z.output<typeof indexSchema>;

export async function readIndexes(
  session: Session,
  oid: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly StandingIndex[]> {
  const { rows } = await session.query<object>(indexesOf, [oid], { signal });
  return rows.map((row) => indexSchema.parse(row));
}

/** All of them in one text. Nothing that depends on them goes too: then the server refuses. */
export function takeOff(table: TableName, indexes: readonly StandingIndex[]): string {
  const constraints = indexes.filter(({ constraint }) => constraint !== null);
  const plain = indexes.filter(({ constraint }) => constraint === null);
  const drops = constraints.map(({ name }) => `DROP CONSTRAINT ${quoteIdentifier(name)}`);
  return [
    ...(drops.length === 0 ? [] : [`ALTER TABLE ${qualified(table)} ${drops.join(', ')}`]),
    ...plain.map(({ name }) => `DROP INDEX ${indexName(table, name)}`),
  ].join(';\n');
}

const indexName = ({ schema }: TableName, name: string): string => qualified({ schema, table: name });

/**
 * What makes one of them again. A constraint's index is made as an index, whose definition says all (a constraint's leaves out storage
 * parameters), and then declared to be the constraint's. Its tablespace is named by the setting, since a definition has none.
 */
export function putBack(table: TableName, index: StandingIndex): string {
  const { name, definition, tablespace, statistics } = index;
  const full = indexName(table, name);
  const onTable = `ALTER TABLE ${qualified(table)}`;
  const own = quoteIdentifier(name);
  return [
    `SET LOCAL default_tablespace = ${quoteLiteral(tablespace)}`,
    definition,
    ...declared(onTable, index),
    ...statistics.map(
      ({ column, target }) => `ALTER INDEX ${full} ALTER COLUMN ${column} SET STATISTICS ${target}`,
    ),
    ...(index.clustered ? [`${onTable} CLUSTER ON ${own}`] : []),
    ...(index.replicaIdentity ? [`${onTable} REPLICA IDENTITY USING INDEX ${own}`] : []),
    ...comment(`INDEX ${full}`, index.comment),
    ...comment(`CONSTRAINT ${own} ON ${qualified(table)}`, index.constraintComment),
  ].join(';\n');
}

const kinds = { p: 'PRIMARY KEY', u: 'UNIQUE' } as const;

function declared(
  onTable: string,
  { name, constraint, deferrable, deferred }: StandingIndex,
): readonly string[] {
  if (constraint === null) return [];
  const own = quoteIdentifier(name);
  const when = `${deferrable ? ' DEFERRABLE' : ''}${deferred ? ' INITIALLY DEFERRED' : ''}`;
  return [`${onTable} ADD CONSTRAINT ${own} ${kinds[constraint]} USING INDEX ${own}${when}`];
}

const comment = (what: string, text: string | null): readonly string[] =>
  text === null ? [] : [`COMMENT ON ${what} IS ${quoteLiteral(text)}`];
