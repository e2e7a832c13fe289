import type { CollectionPlan, Leaving, Scope } from '../../../../protocol/mapping.ts';
import type { CollectionName } from '../../../../protocol/names.ts';
import type { PgTable } from '../../catalog/pg-table.ts';
import type { PgType } from '../../catalog/pg-type.ts';

/** One mapped column of a target. */
export interface TargetColumn {
  readonly name: string;
  /** Quoted. */
  readonly sql: string;
  readonly type: PgType;
  /** With modifiers: `numeric(12,2)`. */
  readonly formatType: string;
  readonly collationDeterministic: boolean;
  /** `lockstep_0`: its name in a stage; unlike any column's, so that a user's predicate over the target stays unambiguous. */
  readonly slot: string;
  readonly nullable: boolean;
  /** Computed by the database: staged and compared with, never written. */
  readonly generated: boolean;
  /** GENERATED ALWAYS AS IDENTITY: an insert may set it, an update can't. */
  readonly identityAlways: boolean;
  /** Qualified function that gives the type's binary form. */
  readonly sendFunction: string;
}

export interface KeyColumn extends TargetColumn {
  /** The operator of the key's index, `OPERATOR(public.=)`: our sessions look nothing up outside pg_catalog. */
  readonly equals: string;
  /** Its name in the owned-key table, which outlives a change of the mapping. */
  readonly ownedName: string;
}

/** Everything that statements about one target are made from. */
export interface TargetModel {
  readonly collection: CollectionName;
  readonly table: PgTable;
  /** Qualified and quoted. Statements never give it an alias, so that configured predicates may use its name. */
  readonly sql: string;
  /** In the order in which they travel. */
  readonly columns: readonly TargetColumn[];
  readonly key: readonly KeyColumn[];
  readonly scope: Scope;
  readonly leaving: Leaving;
  /** Qualified name of the table of keys that we wrote; null unless the scope is `owned`. */
  readonly owned: string | null;
  readonly plan: CollectionPlan & { readonly scope: Scope };
}

/** What an insert fills. */
export const insertable = (model: TargetModel): readonly TargetColumn[] =>
  model.columns.filter((column) => !column.generated);

/** What is read of a row to be compared here: the key first, which is still known then of a row that is too large to be held. */
export function keyFirst(model: TargetModel): readonly TargetColumn[] {
  const columns = insertable(model);
  const key = model.key.flatMap(({ name }) => columns.find((column) => column.name === name) ?? []);
  return [...key, ...columns.filter((column) => !key.includes(column))];
}

/** What an update sets and what decides whether it is needed. */
export const updatable = (model: TargetModel): readonly TargetColumn[] =>
  model.columns.filter((column) => !column.generated && !column.identityAlways);
