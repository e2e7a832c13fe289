import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, Scope } from '../../../../protocol/mapping.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import type { PgColumn, PgTable } from '../../catalog/pg-table.ts';
import { toShape } from '../../catalog/to-shape.ts';
import { formatName, qualified, quoteIdentifier } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { equalityOperators, sendFunctions } from './column-facts.sql.ts';
import type { KeyColumn, TargetColumn, TargetModel } from './target-model.ts';

export interface ModelRequest {
  readonly plan: CollectionPlan & { readonly scope: Scope };
  readonly table: PgTable;
  readonly owned: string | null;
  readonly signal: AbortSignal;
}

/** Joins plan and table; a mapped column that the table lacks is `column-unknown`. */
export async function makeModel(
  session: Session,
  { plan, table, owned, signal }: ModelRequest,
): Promise<TargetModel> {
  const facts = await readFacts(session, table, signal);
  const collection = formatName(table);
  const columns = plan.columns.map(({ target }, index) => makeColumn({ target, index, table, facts }));
  const key = plan.key.map((name, index): KeyColumn => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw unknownColumn(collection, name);
    return {
      ...column,
      equals: facts.equals.get(name) ?? 'OPERATOR(pg_catalog.=)',
      ownedName: `lockstep_k${index}`,
    };
  });
  const sql = qualified(table);
  return { collection, table, sql, columns, key, scope: plan.scope, leaving: plan.leaving, owned, plan };
}

/** The same target as it is now. */
export async function refreshModel(
  session: Session,
  model: TargetModel,
  { signal }: { readonly signal: AbortSignal },
): Promise<TargetModel> {
  const table = await describeTable(session, model.table, { signal });
  if (table === null) throw new LockstepError('collection-gone', { collection: model.collection });
  return makeModel(session, {
    plan: { ...model.plan, targetShape: toShape(table) },
    table,
    owned: model.owned,
    signal,
  });
}

interface Facts {
  readonly send: ReadonlyMap<string, string>;
  readonly equals: ReadonlyMap<string, string>;
}

async function readFacts(session: Session, table: PgTable, signal: AbortSignal): Promise<Facts> {
  const send = await session.query<{ name: string; send: string }>(sendFunctions, [table.oid], { signal });
  const equals = await session.query<{ name: string; equals: string }>(equalityOperators, [table.oid], {
    signal,
  });
  return {
    send: new Map(send.rows.map((row) => [row.name, row.send])),
    equals: new Map(equals.rows.map((row) => [row.name, row.equals])),
  };
}

interface ColumnRequest {
  readonly target: string;
  readonly index: number;
  readonly table: PgTable;
  readonly facts: Facts;
}

function makeColumn({ target, index, table, facts }: ColumnRequest): TargetColumn {
  const column = table.columns.find(({ name }) => name === target);
  if (column === undefined) throw unknownColumn(formatName(table), target);
  return {
    name: target,
    sql: quoteIdentifier(target),
    type: column.type,
    formatType: column.formatType,
    collationDeterministic: column.collation?.deterministic ?? true,
    slot: `lockstep_${index}`,
    nullable: !column.notNull && !isKeyOfTable(table, column),
    generated: column.generated !== null,
    identityAlways: column.identity === 'a',
    sendFunction: facts.send.get(target) ?? 'pg_catalog.record_send',
  };
}

const isKeyOfTable = (table: PgTable, { name }: PgColumn): boolean =>
  table.primaryKey?.columns.includes(name) ?? false;

const unknownColumn = (collection: string, column: string): LockstepError =>
  new LockstepError('column-unknown', { collection, column, nearest: '' });
