import type { Selection } from '../../../protocol/selection.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { filterCondition, fromTable, plainExpression, whereClause } from './select.ts';

/** The first of these output columns that is null in some row; an index that begins with a column finds its nulls. */
export async function findNull(
  { session, table, collection, signal }: ReadContext,
  { selection, columns }: { readonly selection: Selection; readonly columns: readonly string[] },
): Promise<string | null> {
  for (const column of selection.columns.filter(({ name }) => columns.includes(name))) {
    // As it is: an index is of the column, and not of what is made of it.
    const isNull = `${plainExpression(column)} IS NULL`;
    const where = whereClause([...filterCondition(selection), isNull]);
    const { rows } = await session.query(`SELECT ${fromTable(table)}${where} LIMIT 1`, undefined, {
      signal,
      collection,
    });
    if (rows.length > 0) return column.name;
  }
  return null;
}
