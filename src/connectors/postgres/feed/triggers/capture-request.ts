import type { FeedCollection } from '../../../../protocol/feed.ts';
import type { CollectionName } from '../../../../protocol/names.ts';
import { formatName, parseName, type TableName } from '../../names.ts';

/** A plan that reads a captured table. */
export interface CaptureReader {
  readonly name: string;
  readonly key: readonly string[];
}

/** One table that is captured, for all plans that read it. */
export interface CaptureRequest {
  /** As the catalogue has it. */
  readonly source: CollectionName;
  readonly table: TableName;
  /** The columns of all keys: what the log holds of a row. */
  readonly columns: readonly string[];
  readonly readers: readonly CaptureReader[];
}

/** Several plans may read one table under several keys: it is captured once, with the columns of all of them. */
export function captureRequests(
  collections: readonly FeedCollection[],
  defaultSchema: string,
): readonly CaptureRequest[] {
  const bySource = new Map<CollectionName, CaptureRequest>();
  for (const { name, source, key } of collections) {
    const table = parseName(source, defaultSchema);
    const canonical = formatName(table);
    const known = bySource.get(canonical) ?? { source: canonical, table, columns: [], readers: [] };
    bySource.set(canonical, {
      ...known,
      columns: [...new Set([...known.columns, ...key])].sort(),
      readers: [...known.readers, { name, key }],
    });
  }
  return [...bySource.values()];
}
