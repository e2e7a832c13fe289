import { readItems } from '../../../catalog/read-items.ts';
import type { TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { type EnumState, enumChanges, enumsOf } from '../../enums.sql.ts';
import { leavesOf } from '../publication/leaves.sql.ts';

/** A published table, with what the stream does not tell of it. */
export interface TableState extends TableName {
  readonly oid: number;
  /** Name and type of each, sorted by name. The stream tells them with the next change only, and can't compare the first time. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The stream tells a row with a new value, and never that there is one. */
  readonly enums: readonly EnumState[];
  /** Of a table that has rows of its own; null: it has none. Another one: it was truncated, which the stream tells too, or written anew. */
  readonly file: number | null;
  /** Of a partitioned table: its table partitions, and the files that they are in. */
  readonly partitions: readonly { readonly name: string; readonly oid: number; readonly file: number }[];
}

/**
 * A table partition has another file after TRUNCATE, and after it was rewritten. Nothing here waits for a lock, as `pg_get_publication_tables`
 * would: somebody's open change of one table must not hold up the others.
 * $1 the publication's name; $2 schemas, $3 names, in pairs, of the tables that are watched where it tells all there are.
 */
const tableStatesQuery = `
SELECT pg_catalog.json_build_object('oid', c.oid::bigint, 'schema', n.nspname, 'table', c.relname,
  'file', pg_catalog.pg_relation_filenode(c.oid)::bigint,
  'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attname), '[]')
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'enums', ${enumsOf('c.oid')},
  'partitions', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', h.relname, 'oid', h.oid::bigint,
      'file', h.relfilenode::bigint) ORDER BY h.oid)
    FROM ${leavesOf('c.oid')} p JOIN pg_catalog.pg_class h ON h.oid = p.oid
    WHERE c.relkind = 'p'), '[]'))::text AS item
FROM pg_catalog.pg_publication p CROSS JOIN LATERAL (
    SELECT r.prrelid FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid AND NOT p.puballtables
    UNION ALL
    SELECT t.oid FROM unnest($2::text[], $3::text[]) AS watched(schema, name)
      JOIN pg_catalog.pg_namespace s ON s.nspname = watched.schema
      JOIN pg_catalog.pg_class t ON t.relnamespace = s.oid AND t.relname = watched.name
    WHERE p.puballtables AND t.relkind IN ('r', 'p')) r(relid)
  JOIN pg_catalog.pg_class c ON c.oid = r.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = $1`;

export interface StatesRequest {
  readonly publication: string;
  /** Each once. */
  readonly tables: readonly TableName[];
  readonly signal: AbortSignal;
}

export async function readTableStates(
  session: Session,
  { publication, tables, signal }: StatesRequest,
): Promise<readonly TableState[]> {
  const schemas = tables.map(({ schema }) => schema);
  const names = tables.map(({ table }) => table);
  const values = [publication, schemas, names];
  return await readItems<TableState>(session, { sql: tableStatesQuery, values, signal });
}

/** What happened to a table that its changes do not tell. */
export interface TableEvent extends TableName {
  readonly oid: number;
  /**
   * `gone`: dropped, or taken out of the publication; `shape`: its columns changed; `partitions`: rows came or went with table partitions;
   * `file`: its rows may be others than before.
   */
  readonly kind: 'gone' | 'shape' | 'partitions' | 'file';
  readonly detail: string;
}

export function compareStates(before: readonly TableState[], after: readonly TableState[]): TableEvent[] {
  return before.flatMap((old): TableEvent[] => {
    const { schema, table } = old;
    const now = after.find(({ oid }) => oid === old.oid);
    if (now === undefined)
      return [
        {
          kind: 'gone',
          oid: old.oid,
          schema,
          table,
          detail: 'it was dropped, renamed or is not published any more',
        },
      ];
    if (now.schema !== schema || now.table !== table)
      return [
        { kind: 'gone', oid: old.oid, schema, table, detail: `it is called ${now.schema}.${now.table} now` },
      ];
    const columns = [...columnChanges(old, now), ...enumChanges(old.enums, now.enums)];
    const partitions = partitionChanges(old, now);
    return [
      ...(columns.length === 0
        ? []
        : [{ kind: 'shape', oid: old.oid, schema, table, detail: columns.join(', ') } as const]),
      ...(partitions.length === 0
        ? []
        : [{ kind: 'partitions', oid: old.oid, schema, table, detail: partitions.join(', ') } as const]),
      ...(now.file === old.file
        ? []
        : [{ kind: 'file', oid: old.oid, schema, table, detail: 'it was written anew' } as const]),
    ];
  });
}

function columnChanges({ columns: before }: TableState, { columns: after }: TableState): string[] {
  const typeIn = (columns: TableState['columns'], name: string): string | undefined =>
    columns.find((column) => column.name === name)?.type;
  return [
    ...after
      .filter(({ name }) => typeIn(before, name) === undefined)
      .map(({ name }) => `column ${name} was added`),
    ...before.flatMap(({ name, type }) => {
      const now = typeIn(after, name);
      if (now === undefined) return [`column ${name} is gone`];
      return now === type ? [] : [`column ${name} is ${now}, no longer ${type}`];
    }),
  ];
}

function partitionChanges(old: TableState, now: TableState): string[] {
  const find = ({ partitions }: TableState, oid: number) => partitions.find((each) => each.oid === oid);
  return [
    ...now.partitions
      .filter(({ oid }) => find(old, oid) === undefined)
      .map(({ name }) => `the table partition ${name} was attached`),
    ...old.partitions
      .filter(({ oid }) => find(now, oid) === undefined)
      .map(({ name }) => `the table partition ${name} was detached or dropped`),
    ...now.partitions
      .filter(({ oid, file }) => (find(old, oid)?.file ?? file) !== file)
      .map(({ name }) => `the table partition ${name} was truncated or rewritten`),
  ];
}
