import { readItems } from '../../../catalog/read-items.ts';
import { formatName, qualified, quoteIdentifier, quoteLiteral, type TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { publicationQuery } from './tables.sql.ts';
import { type PublishedTable, publishedText, samePublished } from './wanted-tables.ts';

export interface Publication {
  readonly allTables: boolean;
  readonly viaRoot: boolean;
  readonly owned: boolean;
  /** Inserts, updates, deletes and truncates. */
  readonly everything: boolean;
  /** s: stored generated columns too; null before PostgreSQL 18. */
  readonly generated: string | null;
  readonly comment: string | null;
  readonly tables: readonly (PublishedTable & { readonly filtered: boolean })[];
}

export async function readPublication(
  session: Session,
  name: string,
  options: { readonly signal: AbortSignal },
): Promise<Publication | null> {
  const [item] = await readItems<Publication>(session, { sql: publicationQuery, values: [name], ...options });
  return item ?? null;
}

export interface PublicationPlan {
  readonly name: string;
  readonly pipeline: string;
  readonly wanted: readonly PublishedTable[];
  readonly existing: Publication | null;
  /** server_version_num. */
  readonly version: number;
}

export interface PlannedStatement {
  readonly what: string;
  readonly statement: string;
}

/** Marks a publication as made by us, so that one of somebody else's is never cut down or dropped. */
export const ownMark = (pipeline: string): string => `made by lockstep for the pipeline ${pipeline}`;

/** Without stored generated columns, PostgreSQL 18 refuses updates of a published table that has some and is logged whole. */
const optionsFor = (version: number): string =>
  `publish_via_partition_root = true${version < 180_000 ? '' : ', publish_generated_columns = stored'}`;

/** What must be run, in one transaction, so that the publication fits; nothing where it does. */
export function planPublication(plan: PublicationPlan): PlannedStatement[] {
  const { existing } = plan;
  if (existing === null) return created(plan);
  if (existing.allTables) return fittedOptions(plan, existing);
  return [...fittedOptions(plan, existing), ...fittedTables(plan, existing)];
}

function created({ name, pipeline, wanted, version }: PublicationPlan): PlannedStatement[] {
  const tables = wanted.length === 0 ? '' : ` FOR TABLE ${wanted.map(publishedText).join(', ')}`;
  const id = quoteIdentifier(name);
  return [
    {
      what: `make the publication ${name}`,
      statement: `CREATE PUBLICATION ${id}${tables} WITH (${optionsFor(version)})`,
    },
    {
      what: `mark the publication ${name} as ours`,
      statement: `COMMENT ON PUBLICATION ${id} IS ${quoteLiteral(ownMark(pipeline))}`,
    },
  ];
}

function fittedOptions(
  { name, version }: PublicationPlan,
  { viaRoot, everything, generated }: Publication,
): PlannedStatement[] {
  if (viaRoot && everything && generated !== 'n') return [];
  const statement = `ALTER PUBLICATION ${quoteIdentifier(name)} SET (${optionsFor(version)}, publish = 'insert, update, delete, truncate')`;
  return [{ what: `set what the publication ${name} tells`, statement }];
}

function fittedTables(
  { name, pipeline, wanted }: PublicationPlan,
  { tables, comment }: Publication,
): PlannedStatement[] {
  const id = quoteIdentifier(name);
  const isOurs = comment === ownMark(pipeline);
  const find = (list: readonly PublishedTable[], table: TableName) =>
    list.find((other) => formatName(other) === formatName(table));
  const fits = (table: PublishedTable, other: PublishedTable | undefined) =>
    other !== undefined && (samePublished(table, other) || (!isOurs && other.columns === null));
  const changed = tables.filter((table) => {
    const want = find(wanted, table);
    return want === undefined ? isOurs : table.filtered || !fits(want, table);
  });
  const kept = tables.filter((table) => !changed.includes(table));
  const missing = wanted.filter((table) => find(kept, table) === undefined);
  return [
    ...changed.map((table) => ({
      what: `take ${formatName(table)} out of the publication ${name}`,
      statement: `ALTER PUBLICATION ${id} DROP TABLE ONLY ${qualified(table)}`,
    })),
    ...missing.map((table) => ({
      what: `put ${formatName(table)} into the publication ${name}`,
      statement: `ALTER PUBLICATION ${id} ADD TABLE ${publishedText(table)}`,
    })),
  ];
}
