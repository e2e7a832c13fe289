import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Scope } from '../../../../protocol/mapping.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import type { PgTable } from '../../catalog/pg-table.ts';
import { toShape } from '../../catalog/to-shape.ts';
import { formatName, qualified } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { buildKeys } from '../finish/finish.ts';
import { makeModel } from '../model/make-model.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ownedTableName } from '../state/state-layout.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { findOrCreate } from './create-target.ts';
import { type DecisionRow, noteOwnedTable, readDecision, writeDecision } from './decision.sql.ts';
import { createOwnedTable, ownedTableExists } from './owned-table.sql.ts';

export interface OpenedTarget {
  readonly model: TargetModel;
  /** The table is of our making, so its keys and references are ours to build. */
  readonly createdByUs: boolean;
  readonly startedEmpty: boolean;
}

export type OpenRequest = WriteOptions & { readonly plan: CollectionPlan };

/** Finds or makes the target, decides (once and for all) which of its rows are ours, and makes what remembers that. */
export async function openTarget(destination: Destination, request: OpenRequest): Promise<OpenedTarget> {
  const { pool } = destination;
  const { plan, signal } = request;
  const found = await pool.use((session) => look(session, destination, request), { signal });
  const { table, decision, startedEmpty } = found;
  const scope = resolveScope(plan, table, decision);
  if (!decision.createdByUs) refuseWithoutKey(plan, table);
  const settled = { ...plan, scope, targetShape: toShape(table) };
  const settling = { ...request, plan: settled, table, decision };
  const model = await writeTransaction(destination, { ...request, point: 'destination.settle' }, (session) =>
    settle(session, destination, settling),
  );
  return { model, createdByUs: decision.createdByUs, startedEmpty };
}

interface Findings {
  readonly table: PgTable;
  readonly decision: DecisionRow;
  readonly startedEmpty: boolean;
}

async function look(session: Session, destination: Destination, request: OpenRequest): Promise<Findings> {
  const { lease, signal } = request;
  const table = await findOrCreate(session, destination, request);
  const target = formatName(table);
  const { rows } = await session.query<DecisionRow>(
    readDecision(destination.layout),
    [lease.pipeline, target],
    { signal },
  );
  const startedEmpty = await hasNoRow(session, table, signal);
  const decision = rows[0] ?? firstDecision(startedEmpty);
  if (!decision.filling || startedEmpty) return { table, decision, startedEmpty };
  // An earlier process died while it filled the table without keys: from here on rows are merged, and that needs them.
  await buildKeys(session, destination, { ...request, which: 'key' });
  const keyed = (await describeTable(session, table, { signal })) ?? table;
  return { table: keyed, decision, startedEmpty };
}

export async function hasNoRow(
  session: Session,
  table: PgTable,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const statement = `SELECT FROM ${qualified(table)} LIMIT 1`;
  const { rowCount } = await session.query(statement, undefined, { signal, collection: formatName(table) });
  return rowCount === 0;
}

export function resolveScope(plan: CollectionPlan, table: PgTable, decision: DecisionRow): Scope {
  const scope: Scope = plan.scope.kind === 'default' ? { kind: decision.scope } : plan.scope;
  if (scope.kind !== 'owned' || plan.key.length > 0) return scope;
  throw new LockstepError('scope-needs-key', { collection: formatName(table) });
}

/** What is decided about a target that nobody decided about yet. */
export const firstDecision = (isEmpty: boolean): DecisionRow => ({
  scope: isEmpty ? 'all' : 'owned',
  createdByUs: false,
  filling: false,
});

interface SettleRequest extends WriteOptions {
  readonly plan: CollectionPlan & { readonly scope: Scope };
  readonly table: PgTable;
  readonly decision: DecisionRow;
}

async function settle(
  session: Session,
  { layout }: Destination,
  { plan, table, decision, lease, signal }: SettleRequest,
): Promise<TargetModel> {
  const target = formatName(table);
  await session.query(writeDecision(layout), [lease.pipeline, target, decision.scope], { signal });
  if (plan.scope.kind !== 'owned') return makeModel(session, { plan, table, owned: null, signal });
  const name = ownedTableName(lease.pipeline, target, plan.key);
  const owned = qualified({ schema: layout.schemaName, table: name });
  const model = await makeModel(session, { plan, table, owned, signal });
  const { rows } = await session.query<{ exists: boolean }>(ownedTableExists, [owned], { signal });
  if (rows[0]?.exists !== true) await session.execute(createOwnedTable(model, owned), { signal });
  await session.query(noteOwnedTable(layout), [lease.pipeline, target, name], { signal });
  return model;
}

/** Rows are told apart by the key; a target of somebody else's that does not promise that is refused. */
function refuseWithoutKey({ key }: CollectionPlan, table: PgTable): void {
  if (key.length === 0) return;
  const isKey = (columns: readonly string[]): boolean =>
    columns.length === key.length && columns.every((column) => key.includes(column));
  const plain = table.uniques.filter(({ predicate, expressions }) => predicate === null && !expressions);
  if (isKey(table.primaryKey?.columns ?? []) || plain.some(({ columns }) => isKey(columns))) return;
  throw new LockstepError('key-not-unique', { collection: formatName(table), columns: key.join(', ') });
}
