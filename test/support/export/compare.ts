import type { ExportedRow, ExportedValue, TableExport } from './table.ts';

/** The first difference of two exports in a sentence, or undefined; `rows` is what both have when they are the same. */
export async function firstDifference(
  a: TableExport,
  b: TableExport,
): Promise<{ rows: number; difference?: string }> {
  if (a.columns.join() !== b.columns.join()) {
    return { rows: 0, difference: `columns differ: ${a.columns.join(', ')} | ${b.columns.join(', ')}` };
  }
  if (a.key.join() !== b.key.join()) {
    return {
      rows: 0,
      difference: `keys differ (name one: key: [...]): ${a.key.join(', ')} | ${b.key.join(', ')}`,
    };
  }
  for (let rows = 0; ; rows += 1) {
    const [left, right] = [await a.rows.next(), await b.rows.next()];
    if (left.done && right.done) return { rows };
    const difference = rowDifference(left.value ?? undefined, right.value ?? undefined, a.key);
    if (difference !== undefined) return { rows, difference: `after ${rows} equal rows: ${difference}` };
  }
}

function rowDifference(
  left: ExportedRow | undefined,
  right: ExportedRow | undefined,
  key: readonly string[],
): string | undefined {
  const order = compareOrder(left, right);
  if (left !== undefined && order < 0) return `only the first side has ${describeRow(left, key)}`;
  if (right !== undefined && order > 0) return `only the second side has ${describeRow(right, key)}`;
  if (left === undefined || right === undefined) return undefined;
  for (const [name, value] of left.values) {
    const other = right.values.get(name);
    if (other === undefined || (value.text === other.text && value.sha256 === other.sha256)) continue;
    return `${describeRow(left, key)}: column ${name}: ${describePair(value, other)}`;
  }
  return undefined;
}

// The order of the export: C collation is the order of the UTF-8 bytes, NULL first; a missing row is behind all.
function compareOrder(left: ExportedRow | undefined, right: ExportedRow | undefined): number {
  if (left === undefined || right === undefined)
    return Number(left === undefined) - Number(right === undefined);
  for (const [index, text] of left.order.entries()) {
    const other = right.order[index] ?? null;
    if (text === other) continue;
    if (text === null || other === null) return text === null ? -1 : 1;
    return Buffer.compare(Buffer.from(text), Buffer.from(other));
  }
  return 0;
}

function describeRow(row: ExportedRow, key: readonly string[]): string {
  if (key.length > 0)
    return `the row ${key.map((name, index) => `${name} = ${show(row.order[index] ?? null)}`).join(', ')}`;
  return `the row (${[...row.values].map(([name, { text }]) => `${name} = ${show(text)}`).join(', ')})`;
}

function describePair(value: ExportedValue, other: ExportedValue): string {
  if (value.text !== other.text) return `${show(value.text)} | ${show(other.text)}`;
  return `both print ${show(value.text)}, but their binary forms differ (sha256 ${value.sha256} | ${other.sha256})`;
}

function show(text: string | null): string {
  if (text === null) return 'NULL';
  return text.length > 120
    ? `${JSON.stringify(text.slice(0, 120))}… (${text.length} characters)`
    : JSON.stringify(text);
}
