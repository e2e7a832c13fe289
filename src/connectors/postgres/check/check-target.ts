import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { qualified, quoteIdentifier, type TableName } from '../names.ts';
import type { CheckDestinationOptions } from './check-destination.ts';
import { columnFindings } from './check-target-columns.ts';
import { constraintFindings } from './check-target-constraints.ts';
import { keyFindings } from './check-target-keys.ts';
import type { RelationRights } from './rights.ts';

export interface TargetRequest {
  readonly plan: CollectionPlan;
  readonly table: PgTable;
  readonly rights: RelationRights;
  /** Of all plans. */
  readonly targets: readonly TableName[];
  readonly options: CheckDestinationOptions;
}

const kinds: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

/** Findings about a target that exists. */
export function checkTarget(request: TargetRequest): Finding[] {
  const { plan, table } = request;
  const kind = kinds[table.kind];
  if (kind !== undefined) {
    return [
      finding({ level: 'error', subject: plan.target }, 'postgres-target-not-a-table', {
        collection: plan.target,
        kind,
      }),
    ];
  }
  return [
    ...rightFindings(request),
    ...columnFindings(request),
    ...constraintFindings(request),
    ...sideEffects(request),
    ...keyFindings(request),
  ];
}

function rightFindings({ plan, table, rights, options: { user } }: TargetRequest): Finding[] {
  const role = quoteIdentifier(user);
  const lacking = (['select', 'insert', 'update', 'delete'] as const)
    .filter((right) => !rights[right])
    .map((right) => right.toUpperCase());
  const denied = (detail: string, grant: string): Finding =>
    finding({ level: 'error', subject: plan.target }, 'permission-denied', { user, detail, grant });
  const findings: Finding[] = [];
  if (!rights.usage) {
    findings.push(
      denied(
        `USAGE on the schema ${table.schema}`,
        `GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${role};`,
      ),
    );
  }
  if (lacking.length > 0) {
    const list = lacking.join(', ');
    findings.push(denied(`${list} on ${plan.target}`, `GRANT ${list} ON ${qualified(table)} TO ${role};`));
  }
  if (rights.rowsHidden)
    findings.push(
      finding({ level: 'error', subject: plan.target }, 'rows-hidden', { collection: plan.target, user }),
    );
  return findings;
}

/** What our writes set off. */
function sideEffects({ plan, table }: TargetRequest): Finding[] {
  const findings: Finding[] = [];
  const collection = plan.target;
  const firing = table.triggers.filter(
    ({ enabled, events }) => 'OA'.includes(enabled) && events.some((event) => event !== 'truncate'),
  );
  if (firing.length > 0) {
    const triggers = firing
      .map(({ name, timing, events }) => `${name} (${timing} ${events.join(' or ')})`)
      .join(', ');
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-triggers-fire', {
        collection,
        triggers,
        table: qualified(table),
      }),
    );
  }
  if (table.rules.length > 0) {
    findings.push(
      finding({ level: 'error', subject: collection }, 'postgres-rules', {
        collection,
        rules: table.rules.join(', '),
      }),
    );
  }
  if (table.persistence === 'u') {
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-unlogged', {
        collection,
        table: qualified(table),
      }),
    );
  }
  const reached = table.referencedBy.filter(({ onDelete }) => 'cnd'.includes(onDelete));
  if (plan.leaving.kind === 'delete' && reached.length > 0) {
    const tables = [
      ...new Set(reached.map((referrer) => `${referrer.schema}.${referrer.table} (${referrer.name})`)),
    ].join(', ');
    findings.push(
      finding({ level: 'warning', subject: collection }, 'postgres-deletes-reach', { collection, tables }),
    );
  }
  return findings;
}
