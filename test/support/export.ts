// The independent judge of tests and demos: two plain connections, two ordered exports, compared here. It
// shares no code with what it judges: nothing of src/ may be imported by it.
import { createHash } from 'node:crypto';
import { firstDifference } from './export/compare.ts';
import { exportTable, type TableSource } from './export/table.ts';

export type { ExportedRow, ExportedValue, TableExport, TableSource } from './export/table.ts';
export { exportTable } from './export/table.ts';

/** What both sides have in common, for a look that changes nothing. */
export interface Comparison {
  readonly equal: boolean;
  /** Rows that are equal, counted up to the first difference. */
  readonly rows: number;
  readonly difference?: string;
}

export async function compareTables(a: TableSource, b: TableSource): Promise<Comparison> {
  await using left = await exportTable(a);
  await using right = await exportTable(b);
  const found = await firstDifference(left, right);
  return { equal: found.difference === undefined, ...found };
}

/** Throws with the first difference; returns how many rows both have. */
export async function expectSameTable(a: TableSource, b: TableSource): Promise<number> {
  const { rows, difference } = await compareTables(a, b);
  if (difference === undefined) return rows;
  throw new Error(`the tables differ (first side: ${nameOf(a)}, second side: ${nameOf(b)})\n${difference}`);
}

/** One hash and a count for a whole table: equal tables have equal digests. */
export async function tableDigest(
  source: TableSource,
): Promise<{ readonly rows: number; readonly sha256: string }> {
  await using table = await exportTable(source);
  const hash = createHash('sha256').update(JSON.stringify(table.columns));
  let rows = 0;
  for await (const { values } of table.rows) {
    rows += 1;
    hash.update(JSON.stringify([...values.values()].map(({ text, sha256 }) => [text, sha256])));
  }
  return { rows, sha256: hash.digest('hex') };
}

function nameOf({ url, table, query }: TableSource): string {
  return `${table ?? query} of ${new URL(url).pathname.slice(1)}`;
}
