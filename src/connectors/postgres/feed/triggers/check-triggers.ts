import { type Finding, finding } from '../../../../protocol/finding.ts';
import { captureFindings } from '../../check/standby.ts';
import { formatName, quoteIdentifier } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { CaptureRequest } from './capture-request.ts';
import { captureSteps, keyColumns, ownersStatements, styleOf } from './setup/capture-steps.ts';
import { readLogState } from './setup/captures.ts';
import type { SetupContext } from './setup/mend-capture.ts';
import { readTableFacts, type TableFacts } from './setup/table-facts.ts';

export interface CheckRequest {
  readonly context: SetupContext;
  readonly captures: readonly CaptureRequest[];
  readonly signal: AbortSignal;
}

/** What would go wrong, or be lost, if these tables were captured by triggers. Changes nothing. */
export async function checkTriggers(session: Session, request: CheckRequest): Promise<readonly Finding[]> {
  const { context, captures, signal } = request;
  const standby = await captureFindings(session, { capture: 'triggers', signal });
  if (standby.length > 0) return standby;
  const wanted = captures.map(({ table }) => ({ ...table, oid: 0 }));
  const facts = await readTableFacts(session, { layout: context.layout, wanted }, { signal });
  return [
    ...(await schemaFindings(session, request)),
    ...captures.flatMap((capture, place) => tableFindings(capture, { facts: facts[place] ?? null, context })),
  ];
}

interface SchemaRights {
  readonly database: string;
  readonly present: boolean;
  readonly create: boolean;
}

/** $1 our schema. Whether the schema, or else the database, lets us make something. */
const schemaRights = `
SELECT pg_catalog.current_database() AS database, n.oid IS NOT NULL AS present,
  CASE WHEN n.oid IS NULL THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    ELSE pg_catalog.has_schema_privilege(n.oid, 'CREATE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') END AS create
FROM (SELECT 1) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1`;

async function schemaFindings(session: Session, { context, signal }: CheckRequest): Promise<Finding[]> {
  const { layout, user } = context;
  if ((await readLogState(session, layout, { signal })) === 'whole') return [];
  const { rows } = await session.query<SchemaRights>(schemaRights, [layout.schemaName], { signal });
  const [rights] = rows;
  if (rights === undefined || rights.create) return [];
  const role = quoteIdentifier(user);
  const grant = rights.present
    ? `GRANT USAGE, CREATE ON SCHEMA ${layout.schema} TO ${role};`
    : `CREATE SCHEMA ${layout.schema} AUTHORIZATION ${role};`;
  const detail = `making the change log in the schema ${layout.schemaName}`;
  return [finding({ level: 'error', subject: 'source' }, 'permission-denied', { user, detail, grant })];
}

interface TableRequest {
  readonly facts: TableFacts | null;
  readonly context: SetupContext;
}

const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

function tableFindings({ source, columns }: CaptureRequest, { facts, context }: TableRequest): Finding[] {
  // Reading finds out that it is missing, and says so.
  const table = facts?.members[0];
  if (facts === null || table === undefined) return [];
  const at = { level: 'error', subject: source } as const;
  const kind = kinds[table.kind] ?? (table.persistence === 't' ? 'a temporary table' : undefined);
  if (kind !== undefined) return [finding(at, 'postgres-not-a-table', { collection: source, kind })];
  if (columns.length === 0) return [finding(at, 'key-missing', { collection: source })];
  const unknown = columns.filter((name) => !facts.columns.some((column) => column.name === name));
  if (unknown.length > 0)
    return unknown.map((column) =>
      finding(at, 'column-unknown', { collection: source, column, nearest: '' }),
    );
  return [...rightFindings(source, { facts, context, columns }), ...memberFindings(source, facts, context)];
}

function rightFindings(
  source: string,
  {
    facts,
    context,
    columns,
  }: { readonly facts: TableFacts; readonly context: SetupContext; readonly columns: readonly string[] },
): Finding[] {
  const { user, layout } = context;
  if (keyColumns(facts, columns) === null) return [];
  const { refused } = captureSteps(facts, { ...context, capture: 0, columns });
  if (refused.length > 0) {
    const details = { user, detail: `TRIGGER on ${source}`, grant: [...new Set(refused)].join(' ') };
    return [finding({ level: 'error', subject: source }, 'permission-denied', details)];
  }
  const statements = ownersStatements(facts, layout);
  if (statements.length === 0) return [];
  const details = { collection: source, user, statements: statements.join(' ') };
  return [finding({ level: 'warning', subject: source }, 'postgres-triggers-origin', details)];
}

function memberFindings(source: string, facts: TableFacts, { layout }: SetupContext): Finding[] {
  const findings: Finding[] = [];
  const foreign = facts.members.filter(({ kind }) => kind === 'f').map(formatName);
  if (foreign.length > 0) {
    const details = { collection: source, tables: foreign.join(', ') };
    findings.push(finding({ level: 'error', subject: source }, 'postgres-triggers-foreign', details));
  }
  const disabled = facts.members.filter(({ triggers }) =>
    triggers.some(({ enabled, name }) => enabled === 'D' && name.endsWith(`_${layout.pipeline}`)),
  );
  for (const member of disabled) {
    const table = `${quoteIdentifier(member.schema)}.${quoteIdentifier(member.table)}`;
    const names = member.triggers.filter(({ enabled }) => enabled === 'D').map(({ name }) => name);
    const cure = names
      .map((name) => `ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${quoteIdentifier(name)};`)
      .join(' ');
    const details = {
      collection: source,
      triggers: names.join(', '),
      table: formatName(member),
      statements: cure,
    };
    findings.push(finding({ level: 'warning', subject: source }, 'postgres-triggers-disabled', details));
  }
  if (styleOf(facts) === 'row')
    findings.push(
      finding({ level: 'info', subject: source }, 'postgres-triggers-rows', { collection: source }),
    );
  return findings;
}
