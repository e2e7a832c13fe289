import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { describeTable } from '../catalog/describe-table.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { referenceStatements } from '../create/reference-statements.ts';
import { tableSourceOf } from '../create/table-source.ts';
import { formatName, parseName, qualified, quoteIdentifier, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import type { CheckDestinationOptions } from './check-destination.ts';
import { readReferenceRights } from './rights.ts';

export interface ReferencesRequest {
  readonly plan: CollectionPlan;
  readonly target: TableName;
  /** Of the pipeline: they say where the referenced rows go. */
  readonly plans: readonly CollectionPlan[];
}

/** Rights on tables that are there, which the foreign keys of a new one will point to: these are made last, when all rows are copied. */
export async function referenceFindings(
  session: Session,
  { plan, target, plans }: ReferencesRequest,
  options: CheckDestinationOptions,
): Promise<Finding[]> {
  const { defaultSchema, user } = options;
  const existing = new Map<string, PgTable>();
  const referenced = async (name: TableName) => {
    const table = await describeTable(session, name, options);
    if (table !== null) existing.set(formatName(name), table);
    return table ?? (isPlanned(name, { plans, defaultSchema }) ? ('planned' as const) : null);
  };
  const source = tableSourceOf(plan.sourceShape);
  const request = { source, plan, target, existing: null, plans, defaultSchema, referenced };
  const { steps } = await referenceStatements(request);
  const lacking = new Map<string, string>();
  for (const { to } of steps) {
    const table = existing.get(formatName(to.table));
    if (table === undefined) continue;
    const rights = await readReferenceRights(session, { table, columns: to.columns }, options);
    const role = quoteIdentifier(user);
    if (rights?.usage === false)
      lacking.set(
        `GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${role};`,
        `USAGE on the schema ${table.schema}`,
      );
    if (rights?.references === false)
      lacking.set(
        `GRANT REFERENCES ON ${qualified(table)} TO ${role};`,
        `REFERENCES on ${formatName(table)}, which a foreign key will point to`,
      );
  }
  return [...lacking].map(([grant, detail]) =>
    finding({ level: 'error', subject: plan.target }, 'permission-denied', { user, detail, grant }),
  );
}

const isPlanned = (
  name: TableName,
  { plans, defaultSchema }: { readonly plans: readonly CollectionPlan[]; readonly defaultSchema: string },
): boolean =>
  plans.some(
    ({ create, target }) => create && formatName(parseName(target, defaultSchema)) === formatName(name),
  );
