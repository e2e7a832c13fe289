import type { TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { attachmentsQuery } from './attachments.sql.ts';
import { TypeGraph, type TypeItem } from './build-types.ts';
import { columnsQuery } from './columns.sql.ts';
import { checksQuery, indexesQuery, referencesQuery } from './constraints.sql.ts';
import type {
  PgCheck,
  PgCollation,
  PgColumn,
  PgConstraint,
  PgDatabase,
  PgIndex,
  PgPrimaryKey,
  PgReference,
  PgTable,
  PgUnique,
} from './pg-table.ts';
import type { PgNeed, PgType } from './pg-type.ts';
import { askCatalogue, itemsOf, readItems } from './read-items.ts';
import { readSequences, type SequenceItem } from './read-sequences.ts';
import { relationQuery } from './relation.sql.ts';
import { typesQuery } from './types.sql.ts';

type RelationItem = Pick<
  PgTable,
  | 'oid'
  | 'schema'
  | 'table'
  | 'kind'
  | 'persistence'
  | 'isPartition'
  | 'partitionKey'
  | 'rowSecurity'
  | 'comment'
  | 'owner'
  | 'estimatedRows'
  | 'estimatedBytes'
  | 'database'
> & { readonly inheritors: readonly TableName[] };

interface ColumnItem extends Omit<PgColumn, 'type' | 'sequence'> {
  readonly typeOid: number;
  readonly sequence: SequenceItem | null;
}

interface IndexItem extends Omit<PgIndex, 'tail'> {
  readonly prefix: string;
  readonly primary: boolean;
  readonly exclusion: boolean;
  readonly immediate: boolean;
  readonly nullsNotDistinct: boolean;
  readonly expressions: boolean;
  readonly predicate: string | null;
  readonly keyColumns: readonly string[];
  readonly operatorClasses: readonly PgNeed[];
}

type Attachments = Pick<
  PgTable,
  | 'triggers'
  | 'policies'
  | 'rules'
  | 'grantees'
  | 'publications'
  | 'storageParameters'
  | 'extendedStatistics'
  | 'referencedBy'
>;

/** Reads a table, view, materialized view or foreign table from the catalogue; null: there is none of that name. */
export async function describeTable(
  session: Session,
  name: TableName,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<PgTable | null> {
  const [relation] = await readItems<RelationItem>(session, {
    sql: relationQuery,
    values: [name.schema, name.table],
    ...options,
  });
  if (relation === undefined) return null;
  const parts = [columnsQuery, typesQuery, indexesQuery, checksQuery, referencesQuery, attachmentsQuery];
  const [columnRows = [], typeRows = [], indexRows = [], checkRows = [], referenceRows = [], attached = []] =
    await askCatalogue(
      session,
      parts.map((sql) => ({ sql, values: [relation.oid] })),
      options,
    );
  const columns = itemsOf<ColumnItem>(columnRows);
  // Looking for its size waits for a migration, which may have dropped it: then it is looked for anew.
  if (columns.length === 0 && !(await stillThere(session, relation, options)))
    return await describeTable(session, name, options);
  const types = new TypeGraph(itemsOf<TypeItem>(typeRows));
  const indexes = itemsOf<IndexItem>(indexRows);
  const checks = itemsOf<PgCheck>(checkRows);
  const references = itemsOf<PgReference>(referenceRows);
  const [attachments = nothingAttached] = itemsOf<Attachments>(attached);
  const items = columns.flatMap(({ sequence }) => (sequence === null ? [] : [sequence]));
  const sequences = await readSequences(session, items, options);
  const { inheritors, ...rest } = relation;
  return {
    ...rest,
    columns: columns.map(({ typeOid, sequence, collation, ...column }) => ({
      ...column,
      collation: resolved(collation, relation.database),
      type: collated(types.type(typeOid), collation),
      sequence: sequence === null ? null : (sequences.get(sequence.oid) ?? null),
    })),
    primaryKey: primaryKeyOf(indexes),
    uniques: indexes.filter((index) => index.unique && !index.primary && !index.exclusion).map(uniqueOf),
    indexes: indexes.map(indexOf),
    checks,
    exclusions: indexes.flatMap(({ exclusion, constraint }) =>
      exclusion && constraint !== null ? [constraint] : [],
    ),
    references,
    ...attachments,
    partitions: relation.kind === 'p' ? inheritors : [],
    children: relation.kind === 'p' ? [] : inheritors,
    userTypes: types.userTypes(),
  };
}

async function stillThere(
  session: Session,
  { oid }: RelationItem,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<boolean> {
  const sql = 'SELECT to_json(c.oid) AS item FROM pg_catalog.pg_class c WHERE c.oid = $1::oid';
  return (await readItems(session, { sql, values: [oid], signal })).length > 0;
}

/** What the database's own collation is. */
const resolved = (collation: PgCollation | null, database: PgDatabase): PgCollation | null =>
  collation?.isDefault === true ? { ...database.collation, isOfType: collation.isOfType } : collation;

/** A column may have another collation than its type; what the type is made of sorts by the column's, too. */
function collated(type: PgType, collation: PgCollation | null): PgType {
  if (collation === null || type.collation === null) return type;
  return {
    ...type,
    element: type.element === null ? null : collated(type.element, collation),
    base: type.base === null ? null : collated(type.base, collation),
    collation: collation.name,
    collationDeterministic: collation.deterministic,
  };
}

/** A primary key WITHOUT OVERLAPS (18) is an exclusion constraint in disguise: nothing can be upserted by it. */
function primaryKeyOf(indexes: readonly IndexItem[]): PgPrimaryKey | null {
  const constraint = indexes.find((index) => index.primary && !index.exclusion)?.constraint;
  return constraint === undefined || constraint === null ? null : keyOf(constraint);
}

const keyOf = ({ name, columns, deferrable, definition, comment }: PgConstraint): PgPrimaryKey => ({
  name,
  columns,
  deferrable,
  definition,
  comment,
});

const uniqueOf = (index: IndexItem): PgUnique => ({
  name: index.name,
  columns: index.keyColumns,
  deferrable: !index.immediate,
  predicate: index.predicate,
  expressions: index.expressions,
  nullsNotDistinct: index.nullsNotDistinct,
  definition: index.definition,
});

const indexOf = (index: IndexItem): PgIndex => ({
  name: index.name,
  tail: index.definition.startsWith(index.prefix)
    ? index.definition.slice(index.prefix.length)
    : index.definition,
  definition: index.definition,
  unique: index.unique,
  constraint: index.constraint,
  columns: index.columns,
  needs: [...index.needs, ...index.operatorClasses],
  comment: index.comment,
});

const nothingAttached: Attachments = {
  triggers: [],
  policies: [],
  rules: [],
  grantees: [],
  publications: [],
  storageParameters: [],
  extendedStatistics: [],
  referencedBy: [],
};
