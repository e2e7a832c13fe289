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
  PgSequence,
  PgTable,
  PgUnique,
} from './pg-table.ts';
import type { PgNeed, PgType } from './pg-type.ts';
import { askCatalogue, itemsByRelation, readItems } from './read-items.ts';
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

/** `place`: of its name among those that were asked for, from 1. */
type FoundRelation = RelationItem & { readonly place: number };

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

interface DescribeOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Reads a table, view, materialized view or foreign table from the catalogue; null: there is none of that name. */
export async function describeTable(
  session: Session,
  name: TableName,
  options: DescribeOptions = {},
): Promise<PgTable | null> {
  const [table = null] = await describeTables(session, [name], options);
  return table;
}

/** Reads several in as many round trips as one takes; in the order of the names. */
export async function describeTables(
  session: Session,
  names: readonly TableName[],
  options: DescribeOptions = {},
): Promise<readonly (PgTable | null)[]> {
  const found = await readItems<FoundRelation>(session, {
    sql: relationQuery,
    values: [names.map(({ schema }) => schema), names.map(({ table }) => table)],
    ...options,
  });
  const relations = new Map(found.map(({ place, ...relation }) => [place, relation]));
  const parts = await readParts(session, [...relations.values()], options);
  const tables: (PgTable | null)[] = [];
  for (const [index, name] of names.entries()) {
    const relation = relations.get(index + 1);
    if (relation === undefined) tables.push(null);
    // Looking for its size waits for a migration, which may have dropped it: then it is looked for anew.
    else if (!parts.columns.has(relation.oid) && !(await stillThere(session, relation, options)))
      tables.push(await describeTable(session, name, options));
    else tables.push(assemble(relation, parts));
  }
  return tables;
}

/** What several relations are made of, by their OIDs. */
interface Parts {
  readonly columns: ReadonlyMap<number, readonly ColumnItem[]>;
  readonly types: ReadonlyMap<number, readonly TypeItem[]>;
  readonly indexes: ReadonlyMap<number, readonly IndexItem[]>;
  readonly checks: ReadonlyMap<number, readonly PgCheck[]>;
  readonly references: ReadonlyMap<number, readonly PgReference[]>;
  readonly attachments: ReadonlyMap<number, readonly Attachments[]>;
  /** By their own OIDs. */
  readonly sequences: ReadonlyMap<number, PgSequence>;
}

async function readParts(
  session: Session,
  relations: readonly RelationItem[],
  options: DescribeOptions,
): Promise<Parts> {
  const oids = relations.map(({ oid }) => String(oid));
  const queries = [columnsQuery, typesQuery, indexesQuery, checksQuery, referencesQuery, attachmentsQuery];
  const asked = oids.length === 0 ? [] : queries.map((sql) => ({ sql, values: [oids] }));
  const [columnRows = [], typeRows = [], indexRows = [], checkRows = [], referenceRows = [], attached = []] =
    await askCatalogue(session, asked, options);
  const columns = itemsByRelation<ColumnItem>(columnRows);
  const counted = [...columns.values()].flat().flatMap(({ sequence }) => sequence ?? []);
  return {
    columns,
    types: itemsByRelation<TypeItem>(typeRows),
    indexes: itemsByRelation<IndexItem>(indexRows),
    checks: itemsByRelation<PgCheck>(checkRows),
    references: itemsByRelation<PgReference>(referenceRows),
    attachments: itemsByRelation<Attachments>(attached),
    sequences: await readSequences(session, counted, options),
  };
}

async function stillThere(
  session: Session,
  { oid }: RelationItem,
  { signal }: DescribeOptions,
): Promise<boolean> {
  const sql = 'SELECT to_json(c.oid) AS item FROM pg_catalog.pg_class c WHERE c.oid = $1::oid';
  return (await readItems(session, { sql, values: [oid], signal })).length > 0;
}

function assemble({ inheritors, ...relation }: RelationItem, parts: Parts): PgTable {
  const { oid } = relation;
  const types = new TypeGraph(parts.types.get(oid) ?? []);
  const indexes = parts.indexes.get(oid) ?? [];
  const [attachments = nothingAttached] = parts.attachments.get(oid) ?? [];
  return {
    ...relation,
    columns: (parts.columns.get(oid) ?? []).map(({ typeOid, sequence, collation, ...column }) => ({
      ...column,
      collation: resolved(collation, relation.database),
      type: collated(types.type(typeOid), collation),
      sequence: sequence === null ? null : (parts.sequences.get(sequence.oid) ?? null),
    })),
    primaryKey: primaryKeyOf(indexes),
    uniques: indexes.filter((index) => index.unique && !index.primary && !index.exclusion).map(uniqueOf),
    indexes: indexes.map(indexOf),
    checks: parts.checks.get(oid) ?? [],
    exclusions: indexes.flatMap(({ exclusion, constraint }) =>
      exclusion && constraint !== null ? [constraint] : [],
    ),
    references: parts.references.get(oid) ?? [],
    ...attachments,
    partitions: relation.kind === 'p' ? inheritors : [],
    children: relation.kind === 'p' ? [] : inheritors,
    userTypes: types.userTypes(),
  };
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
