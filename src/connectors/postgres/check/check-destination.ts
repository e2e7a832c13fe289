import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import { describeTables } from '../catalog/describe-table.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { parseName, quoteIdentifier, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { checkCreation } from './check-creation.ts';
import { versionFinding } from './check-source.ts';
import { swapFindings } from './check-swap.ts';
import { checkTarget } from './check-target.ts';
import { expressionFindings } from './check-target-expressions.ts';
import { scopeFindings } from './check-target-scope.ts';
import { sequenceFindings } from './check-target-sequences.ts';
import { type DatabaseRights, nearestRelation, readDatabaseRights, readRelationRights } from './rights.ts';

export interface CheckDestinationOptions {
  readonly user: string;
  /** `host:port/database`. */
  readonly address: string;
  readonly defaultSchema: string;
  readonly stateSchema: string;
  /** Targets that we created and whose keys are still to be built: theirs are not missed. */
  readonly keysPending?: ReadonlySet<CollectionName>;
  /** Whose the rows of targets are, where that was decided when the pipeline first saw them. */
  readonly decided?: ReadonlyMap<CollectionName, 'all' | 'owned'>;
  readonly signal?: AbortSignal | undefined;
}

/** What would go wrong, be refused, be lost or surprise if these plans were carried out. Changes nothing. */
export async function checkDestination(
  session: Session,
  plans: readonly CollectionPlan[],
  options: CheckDestinationOptions,
): Promise<Finding[]> {
  const tooOld = versionFinding(session, options.address, 'destination');
  if (tooOld !== null) return [tooOld];
  const targets = plans.map((plan) => parseName(plan.target, options.defaultSchema));
  const schemas = targets.map(({ schema }) => schema);
  const rights = await readDatabaseRights(session, [...schemas, options.stateSchema], options);
  const findings = databaseFindings(rights, options);
  const tables = await describeTables(session, targets, options);
  for (const [index, plan] of plans.entries()) {
    const request = { plan, plans, rights, targets, table: tables[index] ?? null };
    findings.push(...(await checkPlan(session, request, options)));
  }
  return findings;
}

interface PlanRequest {
  readonly plan: CollectionPlan;
  readonly plans: readonly CollectionPlan[];
  readonly rights: DatabaseRights;
  readonly targets: readonly TableName[];
  /** As it is; null: there is none. */
  readonly table: PgTable | null;
}

async function checkPlan(
  session: Session,
  { plan, plans, rights, targets, table }: PlanRequest,
  options: CheckDestinationOptions,
): Promise<Finding[]> {
  const name = parseName(plan.target, options.defaultSchema);
  if (table === null) {
    if (plan.create)
      return [
        ...(await scopeFindings(session, { plan, existing: null }, options)),
        ...(await checkCreation(session, { plan, plans, target: name, rights }, options)),
      ];
    const nearest = await nearestRelation(session, name, options);
    const hint = nearest === '' ? '; with `create: true` it is made from the source' : nearest;
    return [
      finding({ level: 'error', subject: plan.target }, 'collection-unknown', {
        side: 'destination',
        collection: plan.target,
        nearest: hint,
      }),
    ];
  }
  const tableRights = await readRelationRights(session, table, options);
  return [
    ...checkTarget({ plan, table, rights: tableRights, targets, options }),
    ...(await scopeFindings(session, { plan, existing: { table, rights: tableRights } }, options)),
    ...(await sequenceFindings(session, { plan, table }, options)),
    ...(await expressionFindings(session, { plan, table, tableRights, rights, signal: options.signal })),
    ...(await swapFindings(session, { plan, table }, options)),
  ];
}

function databaseFindings(
  rights: DatabaseRights,
  { user, address, stateSchema }: CheckDestinationOptions,
): Finding[] {
  const findings: Finding[] = [];
  const role = quoteIdentifier(user);
  const database = quoteIdentifier(rights.database);
  const denied = (detail: string, grant: string): Finding =>
    finding({ level: 'error', subject: 'destination' }, 'permission-denied', { user, detail, grant });
  if (rights.standby)
    findings.push(
      finding({ level: 'error', subject: 'destination' }, 'read-only', {
        address,
        detail: 'it is a standby',
      }),
    );
  else if (rights.readOnly) {
    findings.push(
      finding({ level: 'error', subject: 'destination' }, 'read-only', {
        address,
        detail: 'default_transaction_read_only is on',
      }),
    );
  }
  if (!rights.temporary) {
    findings.push(
      denied(
        `TEMPORARY on the database ${rights.database}`,
        `GRANT TEMPORARY ON DATABASE ${database} TO ${role};`,
      ),
    );
  }
  const state = rights.schemas.find(({ name }) => name === stateSchema);
  const schema = quoteIdentifier(stateSchema);
  if (state === undefined && !rights.create) {
    findings.push(
      denied(
        `CREATE on the database ${rights.database}, for the schema ${stateSchema}`,
        `CREATE SCHEMA ${schema} AUTHORIZATION ${role};`,
      ),
    );
  }
  if (state !== undefined && !(state.create && state.usage)) {
    findings.push(
      denied(
        `CREATE and USAGE on the schema ${stateSchema}`,
        `GRANT CREATE, USAGE ON SCHEMA ${schema} TO ${role};`,
      ),
    );
  }
  return findings;
}
