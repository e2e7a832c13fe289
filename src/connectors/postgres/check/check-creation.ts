import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { createStatements } from '../create/create-table.ts';
import { keyStatements } from '../create/key-statements.ts';
import type { Omission } from '../create/omission.ts';
import { type TableSource, tableSourceOf } from '../create/table-source.ts';
import { type AvailableExtension, readTargetFacts, type TargetFacts } from '../create/target-facts.ts';
import { qualified, quoteIdentifier, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { referenceFindings } from './check-creation-references.ts';
import type { CheckDestinationOptions } from './check-destination.ts';
import type { DatabaseRights } from './rights.ts';

export interface CreationRequest {
  readonly plan: CollectionPlan;
  readonly target: TableName;
  readonly rights: DatabaseRights;
  /** Of the pipeline. */
  readonly plans: readonly CollectionPlan[];
}

/** Whether a missing target can be created, and what of the source it would not have. */
export async function checkCreation(
  session: Session,
  { plan, target, rights, plans }: CreationRequest,
  options: CheckDestinationOptions,
): Promise<Finding[]> {
  const untyped = untypedColumns(plan);
  if (untyped !== null) return [untyped];
  const source = tableSourceOf(plan.sourceShape);
  const table = tableOf(plan.sourceShape);
  const facts = await readTargetFacts(session, { source, target, signal: options.signal });
  const request = { source, plan, target, facts };
  const omissions = [
    ...createStatements(request).omissions,
    ...keyStatements({ ...request, existing: null, which: 'all' }).omissions,
    ...(table === null ? [] : neverCopied(table)),
  ];
  return [
    ...rightFindings({ source, facts, rights, target }, options),
    ...(await referenceFindings(session, { plan, target, plans }, options)),
    ...typeFindings(source, facts, plan.target),
    ...omissions.map((omission) => omissionFinding(omission, plan.target)),
  ];
}

/** Only a source of PostgreSQL has types that the table could take. */
function untypedColumns({ columns, target, conversion }: CollectionPlan): Finding | null {
  const untyped = columns.filter(({ type }) => type === null).map((column) => column.target);
  if (conversion === undefined || untyped.length === 0) return null;
  return finding({ level: 'error', subject: target }, 'postgres-columns-untyped', {
    collection: target,
    columns: untyped.join(', '),
  });
}

interface RightsRequest {
  readonly source: TableSource;
  readonly facts: TargetFacts;
  readonly rights: DatabaseRights;
  readonly target: TableName;
}

function rightFindings(
  { source, facts, rights, target }: RightsRequest,
  { user }: CheckDestinationOptions,
): Finding[] {
  const role = quoteIdentifier(user);
  const schema = rights.schemas.find(({ name }) => name === target.schema);
  const makesInDatabase = schema === undefined || missingExtensions(source, facts).some(isForDatabase(facts));
  const denied = (detail: string, object: string): Finding =>
    finding({ level: 'error', subject: qualified(target) }, 'permission-denied', {
      user,
      detail,
      grant: `GRANT CREATE ON ${object} TO ${role};`,
    });
  return [
    ...(makesInDatabase && !rights.create
      ? [denied(`CREATE on the database ${rights.database}`, `DATABASE ${quoteIdentifier(rights.database)}`)]
      : []),
    ...(schema?.create === false
      ? [denied(`CREATE on the schema ${target.schema}`, `SCHEMA ${quoteIdentifier(target.schema)}`)]
      : []),
  ];
}

const missingExtensions = (source: TableSource, facts: TargetFacts): readonly AvailableExtension[] =>
  facts.availableExtensions.filter(
    ({ name }) =>
      !facts.extensions.some((installed) => installed.name === name) &&
      source.userTypes.some((type) => type.extension?.name === name),
  );

/** Created with the rights of a superuser by whoever may create in the database. */
const isForDatabase =
  ({ isSuperuser }: TargetFacts) =>
  ({ superuser, trusted }: AvailableExtension): boolean =>
    superuser && trusted && !isSuperuser;

function typeFindings(source: TableSource, facts: TargetFacts, collection: string): Finding[] {
  return source.userTypes.flatMap((type) => {
    if (facts.types.some(({ name }) => name === type.name)) return [];
    const obstacle = whyNot(type, facts);
    if (obstacle === null) return [];
    const { level, reason } = obstacle;
    const details = { collection, type: type.name, reason };
    return [finding({ level, subject: collection }, 'postgres-type-missing', details)];
  });
}

interface Obstacle {
  readonly level: 'error' | 'warning';
  readonly reason: string;
}

const sure = (reason: string): Obstacle => ({ level: 'error', reason });

function whyNot(type: PgTable['userTypes'][number], facts: TargetFacts): Obstacle | null {
  const { extension } = type;
  if (extension === null) return type.kind === 'foreign' ? sure(type.reason) : null;
  const installed = facts.extensions.find(({ name }) => name === extension.name);
  if (installed !== undefined)
    return sure(`the extension ${extension.name} is installed in the schema ${installed.schema} there`);
  const available = facts.availableExtensions.find(({ name }) => name === extension.name);
  if (available === undefined) return sure(`the extension ${extension.name} is not available there`);
  if (!available.superuser || available.trusted || facts.isSuperuser) return null;
  // Managed servers let roles of theirs do it that are no superusers, which the catalogue does not tell.
  const reason = `as a rule only a superuser may create the extension ${extension.name} there`;
  return { level: 'warning', reason };
}

function omissionFinding({ what, reason }: Omission, collection: string): Finding {
  return finding({ level: 'warning', subject: collection }, 'postgres-not-copied', {
    collection,
    what,
    reason,
  });
}

/** What only the owner of the destination can decide. */
function neverCopied(source: PgTable): Omission[] {
  const reason = 'these belong to each server’s own owner';
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['triggers', source.triggers.map(({ name }) => name)],
    ['policies', source.policies],
    ['rules', source.kind === 'v' ? [] : source.rules],
    ['grants to', source.grantees],
    ['publications', source.publications],
    ['storage parameters', source.storageParameters],
    ['extended statistics', source.extendedStatistics],
  ];
  const named = kinds
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => ({ what: `${kind} ${names.join(', ')}`, reason }));
  const division =
    source.partitionKey === null
      ? []
      : [{ what: `the division by ${source.partitionKey}`, reason: 'the target is one table' }];
  const unlogged =
    source.persistence === 'u' ? [{ what: 'UNLOGGED', reason: 'the target must survive a crash' }] : [];
  return [...named, ...division, ...unlogged];
}
