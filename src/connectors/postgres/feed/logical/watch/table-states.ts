import { readItems } from '../../../catalog/read-items.ts';
import type { TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';

/** A published table, with what the stream does not tell of it. */
export interface TableState extends TableName {
  readonly oid: number;
  /** Of a partitioned table: its table partitions, and the files that they are in. */
  readonly partitions: readonly { readonly name: string; readonly oid: number; readonly file: number }[];
}

/** $1 the publication's name. A table partition has another file after TRUNCATE, and after it was rewritten. */
const tableStatesQuery = `
SELECT pg_catalog.json_build_object('oid', c.oid::bigint, 'schema', n.nspname, 'table', c.relname,
  'partitions', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', h.relname, 'oid', h.oid::bigint,
      'file', h.relfilenode::bigint) ORDER BY h.oid)
    FROM pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class h ON h.oid = p.relid
    WHERE c.relkind = 'p' AND p.isleaf AND p.relid <> c.oid), '[]'))::text AS item
FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid
  JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = $1`;

export async function readTableStates(
  session: Session,
  publication: string,
  options: { readonly signal: AbortSignal },
): Promise<readonly TableState[]> {
  return await readItems<TableState>(session, { sql: tableStatesQuery, values: [publication], ...options });
}

/** What happened to a table that its changes do not tell. */
export interface TableEvent extends TableName {
  /** `gone`: dropped, or taken out of the publication; `partitions`: rows came or went with table partitions. */
  readonly kind: 'gone' | 'partitions';
  readonly detail: string;
}

export function compareStates(before: readonly TableState[], after: readonly TableState[]): TableEvent[] {
  return before.flatMap((old): TableEvent[] => {
    const { schema, table } = old;
    const now = after.find(({ oid }) => oid === old.oid);
    if (now === undefined)
      return [{ kind: 'gone', schema, table, detail: 'it was dropped or is not published any more' }];
    const details = partitionChanges(old, now);
    return details.length === 0 ? [] : [{ kind: 'partitions', schema, table, detail: details.join(', ') }];
  });
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
