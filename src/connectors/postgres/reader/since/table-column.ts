import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { SinceCollection } from '../../../../protocol/since.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import type { PgColumn, PgTable } from '../../catalog/pg-table.ts';
import { underlying } from '../../catalog/pg-type.ts';
import { parseName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { CursorKind } from './cursor.ts';

/** The column of a cursor, as its table has it now. */
export interface TableColumn {
  readonly table: PgTable;
  readonly column: PgColumn;
  readonly kind: CursorKind;
  /** Its times are in the zone that the configuration names. */
  readonly isLocal: boolean;
}

const local = 'timestamp without time zone';

const kinds: Readonly<Record<string, CursorKind>> = {
  'timestamp with time zone': 'time',
  [local]: 'time',
  bigint: 'number',
  integer: 'number',
  smallint: 'number',
};

/** Null: nothing can be told by a column of this type. */
export function tableColumn(table: PgTable, name: string): TableColumn | null {
  const column = table.columns.find((each) => each.name === name);
  if (column === undefined) return null;
  const type = underlying(column.type).name;
  const kind = kinds[type];
  return kind === undefined ? null : { table, column, kind, isLocal: type === local };
}

export async function findColumn(
  session: Session,
  { collection, settings }: Pick<SinceCollection, 'collection' | 'settings'>,
  options: { readonly defaultSchema: string; readonly signal: AbortSignal },
): Promise<TableColumn> {
  const table = await describeTable(session, parseName(collection, options.defaultSchema), options);
  if (table === null) throw new LockstepError('collection-gone', { collection });
  const found = tableColumn(table, settings.column);
  if (found === null)
    throw new LockstepError('shape-changed', { collection, detail: columnGone(settings.column) });
  return found;
}

const columnGone = (column: string): string =>
  `its column ${column}, which tells what changed, is gone or of another type`;
