import type { Shape } from '../../../protocol/shape.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';

/** What a new table takes from the one that its rows come from. */
export type TableSource = Pick<
  PgTable,
  'columns' | 'primaryKey' | 'uniques' | 'indexes' | 'checks' | 'references' | 'userTypes' | 'comment'
>;

/** Of another kind of source: the plan alone says which columns there are, of which types, and what the key is. */
const nothing: TableSource = {
  columns: [],
  primaryKey: null,
  uniques: [],
  indexes: [],
  checks: [],
  references: [],
  userTypes: [],
  comment: null,
};

export const tableSourceOf = (shape: Shape): TableSource => tableOf(shape) ?? nothing;
