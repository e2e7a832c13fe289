import type { Session } from '../session/session.ts';

export interface CatalogueQuery {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly signal?: AbortSignal | undefined;
}

/** The rows of a catalogue query, each of which is one JSON document in the column `item`. */
export async function readItems<Item>(
  session: Session,
  { sql, values, signal }: CatalogueQuery,
): Promise<Item[]> {
  const { rows } = await session.query<{ item: string }>(sql, values, { signal });
  return rows.map(({ item }) => {
    const parsed: Item = JSON.parse(item);
    return parsed;
  });
}
