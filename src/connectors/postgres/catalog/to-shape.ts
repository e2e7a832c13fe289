import type { Column, KeyShape, Shape } from '../../../protocol/shape.ts';
import { formatName } from '../names.ts';
import { chooseKey, orderOf, wholeKeys } from './key-choice.ts';
import type { PgColumn, PgTable, PgUnique } from './pg-table.ts';
import { enumOf } from './pg-type.ts';

/** The table in the protocol's words; `native` is the table itself. */
export function toShape(table: PgTable): Shape {
  return {
    collection: formatName(table),
    dialect: 'postgres',
    columns: table.columns.map((column) => toColumn(column, table)),
    key: toKey(table),
    identities: identitiesOf(table),
    uniques: uniqueSets(table),
    references: table.references.map((reference) => ({
      columns: reference.columns,
      collection: formatName(reference),
      referencedColumns: reference.referencedColumns,
      deferrable: reference.deferrable,
    })),
    estimatedRows: table.estimatedRows,
    estimatedBytes: table.estimatedBytes,
    native: table,
  };
}

/** The table that a shape of ours was made from; null for shapes of other dialects. */
export function tableOf(shape: Shape): PgTable | null {
  return shape.dialect === 'postgres' && isTable(shape.native) ? shape.native : null;
}

const isTable = (native: unknown): native is PgTable =>
  typeof native === 'object' && native !== null && 'userTypes' in native && 'columns' in native;

function toColumn(column: PgColumn, table: PgTable): Column {
  const labels = enumOf(column, table)?.labels;
  return {
    name: column.name,
    type: column.formatType,
    nullable: !column.notNull,
    generated: column.generated !== null,
    hasDefault: column.default !== null || column.identity !== null,
    ...(labels && { labels }),
  };
}

function toKey(table: PgTable): KeyShape | null {
  const columns = chooseKey(table);
  if (columns === null) return null;
  const key = { columns, order: orderOf(table, columns) };
  return isDeferrable(table, columns) ? { ...key, deferrable: true } : key;
}

/** No index over these columns (or fewer of them) is unique at every moment. */
const isDeferrable = (table: PgTable, key: readonly string[]): boolean =>
  !wholeKeys(table).some(({ columns }) => columns.every((column) => key.includes(column)));

/** A table's keys say nothing of the rows of tables that inherit from it, which are read with its own. */
function identitiesOf({ primaryKey, uniques, children }: PgTable): (readonly string[])[] {
  if (children.length > 0) return [];
  return [...(primaryKey === null ? [] : [primaryKey]), ...uniques.filter(isPlain)].map(
    ({ columns }) => columns,
  );
}

/** What else must be unique; of exclusions, partial indexes and those over expressions every column that they look at. */
function uniqueSets(table: PgTable): (readonly string[])[] {
  const plain = new Map(table.uniques.filter(isPlain).map((unique) => [unique.name, unique.columns]));
  const others = table.indexes
    .filter(
      ({ unique, constraint }) =>
        (unique || constraint?.type === 'x') && constraint?.name !== table.primaryKey?.name,
    )
    .map((index) => plain.get(index.name) ?? index.columns);
  const key = sorted(chooseKey(table) ?? []);
  const sets = new Map(
    [...(table.primaryKey === null ? [] : [table.primaryKey.columns]), ...others].map((set) => [
      sorted(set),
      set,
    ]),
  );
  return [...sets].filter(([spelling]) => spelling !== key).map(([, set]) => set);
}

const isPlain = ({ expressions, predicate }: PgUnique): boolean => !expressions && predicate === null;

const sorted = (columns: readonly string[]): string => JSON.stringify(columns.toSorted());
