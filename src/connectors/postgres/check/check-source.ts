import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import { describeTables } from '../catalog/describe-table.ts';
import { chooseKey, orderOf } from '../catalog/key-choice.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { formatName, parseName, qualified, quoteIdentifier, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { nearestRelation, type RelationRights, readRelationRights } from './rights.ts';
import { readingFindings } from './standby.ts';

export interface CheckSourceOptions {
  readonly user: string;
  /** `host:port/database`. */
  readonly address: string;
  readonly defaultSchema: string;
  /** Columns that are read, where that is known; else all. */
  readonly columns?: ReadonlyMap<CollectionName, readonly string[]>;
  readonly signal?: AbortSignal | undefined;
}

/** The catalogue of older servers lacks what our queries name. */
const oldestVersion = 150_000;

/** What would go wrong, or be lost, if these collections were read. Changes nothing. */
export async function checkSource(
  session: Session,
  collections: readonly CollectionName[],
  options: CheckSourceOptions,
): Promise<Finding[]> {
  const tooOld = versionFinding(session, options.address, 'source');
  if (tooOld !== null) return [tooOld];
  const findings: Finding[] = [...(await readingFindings(session, options))];
  const names = collections.map((collection) => parseName(collection, options.defaultSchema));
  const tables = await describeTables(session, names, options);
  for (const [index, collection] of collections.entries())
    findings.push(...(await checkCollection(session, { collection, table: tables[index] ?? null }, options)));
  return findings;
}

/** Null when the server is new enough. */
export function versionFinding(
  session: Pick<Session, 'serverVersion'>,
  address: string,
  subject: 'source' | 'destination',
): Finding | null {
  if (session.serverVersion >= oldestVersion) return null;
  const version = `PostgreSQL ${Math.floor(session.serverVersion / 10_000)}`;
  return finding({ level: 'error', subject }, 'server-too-old', {
    address,
    version,
    minimum: 'PostgreSQL 15',
  });
}

async function checkCollection(
  session: Session,
  { collection, table }: { readonly collection: CollectionName; readonly table: PgTable | null },
  options: CheckSourceOptions,
): Promise<Finding[]> {
  if (table === null) {
    const nearest = await nearestRelation(session, parseName(collection, options.defaultSchema), options);
    return [
      finding({ level: 'error', subject: collection }, 'collection-unknown', {
        side: 'source',
        collection,
        nearest,
      }),
    ];
  }
  const rights = await readRelationRights(session, table, options);
  const columns = options.columns?.get(collection) ?? null;
  return [
    ...rightFindings(table, rights, { ...options, columns }),
    ...kindFindings(table),
    ...keyFindings(table),
    ...sequenceFindings(table, options.user),
  ];
}

interface Reader {
  readonly user: string;
  readonly columns: readonly string[] | null;
}

function rightFindings(table: PgTable, rights: RelationRights, { user, columns }: Reader): Finding[] {
  const collection = formatName(table);
  const role = quoteIdentifier(user);
  const denied = (detail: string, grant: string): Finding =>
    finding({ level: 'error', subject: collection }, 'permission-denied', { user, detail, grant });
  const findings: Finding[] = [];
  if (!rights.usage) {
    findings.push(
      denied(
        `USAGE on the schema ${table.schema}`,
        `GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${role};`,
      ),
    );
  }
  const lacking = rights.unreadable.filter((name) => columns === null || columns.includes(name));
  if (lacking.length > 0) {
    const list = columns === null ? '' : ` (${lacking.map(quoteIdentifier).join(', ')})`;
    findings.push(
      denied(
        `SELECT on ${collection} (${lacking.join(', ')})`,
        `GRANT SELECT${list} ON ${qualified(table)} TO ${role};`,
      ),
    );
  }
  if (rights.rowsHidden)
    findings.push(finding({ level: 'error', subject: collection }, 'rows-hidden', { collection, user }));
  return findings;
}

function kindFindings(table: PgTable): Finding[] {
  const collection = formatName(table);
  const kind = readOnlyKind(table);
  const findings: Finding[] = [];
  if (kind !== null)
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-not-a-table', { collection, kind }),
    );
  if (table.persistence === 'u') {
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-unlogged', {
        collection,
        table: qualified(table),
      }),
    );
  }
  if (table.children.length > 0) {
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-inheritance', {
        collection,
        tables: listed(table.children),
      }),
    );
  }
  return findings;
}

const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

const readOnlyKind = (table: PgTable): string | null =>
  kinds[table.kind] ?? (table.persistence === 't' ? 'a temporary table' : null);

const listed = (names: readonly TableName[]): string => names.map(formatName).join(', ');

function keyFindings(table: PgTable): Finding[] {
  const collection = formatName(table);
  const key = chooseKey(table);
  if (key === null)
    return [finding({ level: 'warning', subject: collection }, 'key-missing', { collection })];
  return key.flatMap((name) => {
    const collation = table.columns.find((column) => column.name === name)?.collation;
    if (collation === undefined || collation === null || orderOf(table, [name]) !== null) return [];
    const spelling = collation.isDefault
      ? `of the database (${collation.locale ?? collation.provider})`
      : collation.name;
    const details = { collection, column: name, collation: spelling };
    return [finding({ level: 'info', subject: `${collection}.${name}` }, 'postgres-key-unordered', details)];
  });
}

function sequenceFindings(table: PgTable, user: string): Finding[] {
  const collection = formatName(table);
  return table.columns.flatMap(({ name, sequence }) => {
    if (sequence === null || sequence.lastValue !== null) return [];
    const sql = qualified({ schema: sequence.schema, table: sequence.name });
    const details = {
      collection,
      column: name,
      sequence: sql,
      grant: `GRANT SELECT ON SEQUENCE ${sql} TO ${quoteIdentifier(user)};`,
    };
    return [
      finding({ level: 'info', subject: `${collection}.${name}` }, 'postgres-sequence-unreadable', details),
    ];
  });
}
