import type { PgTable } from '../../catalog/pg-table.ts';
import type { Session } from '../../session/session.ts';
import type { TargetColumn } from './target-model.ts';
import { type UniqueIndexRow, uniqueIndexes } from './unique-indexes.sql.ts';

/** A unique index that our rows can violate: all its columns are mapped, and it is not the key's own. */
export interface UniqueIndex extends UniqueIndexRow {
  /** Mapped columns that it looks at, in expressions and predicate too. */
  readonly columns: readonly TargetColumn[];
}

export async function readUniqueIndexes(
  session: Session,
  request: {
    readonly table: PgTable;
    readonly columns: readonly TargetColumn[];
    readonly key: readonly string[];
    readonly signal: AbortSignal;
  },
): Promise<readonly UniqueIndex[]> {
  const { table, columns, key, signal } = request;
  const { rows } = await session.query<UniqueIndexRow>(uniqueIndexes, [table.oid], { signal });
  return rows.flatMap((row): UniqueIndex[] => {
    const mentioned = table.indexes.find(({ name }) => name === row.name)?.columns ?? [];
    const mapped = columns.filter(({ name }) => mentioned.includes(name));
    const isKey = mentioned.length === key.length && mentioned.every((name) => key.includes(name));
    return isKey || mapped.length < mentioned.length || mapped.length === 0
      ? []
      : [{ ...row, columns: mapped }];
  });
}
