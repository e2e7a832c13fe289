import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Row } from '../../../protocol/value.ts';
import { decodeKey } from '../key.ts';
import { typeRule } from '../types/type-table.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { decodeCopy } from './read.ts';
import {
  describeOutput,
  filterCondition,
  fromTable,
  type OutputColumn,
  operatorPath,
  typedLiteral,
  whereClause,
  wireExpression,
} from './select.ts';

export interface LookupRequest {
  readonly keys: readonly Key[];
  readonly selection: Selection;
  readonly keyColumns: readonly string[];
}

const keysPerStatement = 1000;
/** Comes with each row: which of the keys it answers. No column can be called so. */
const placeColumn = '\0place';

/**
 * Rows by key. Keys are compared as the database does (numeric 1.0 finds 1.00) and answered under the spelling
 * that was asked for.
 */
export async function lookupRows(
  context: ReadContext,
  request: LookupRequest,
): Promise<ReadonlyMap<Key, Row | null>> {
  const { session, table, types, signal, collection } = context;
  const { keys, selection, keyColumns } = request;
  const output = await describeOutput(
    session,
    { table, columns: selection.columns, types },
    { signal, collection },
  );
  const key = keyColumns.map((name) => columnOf(output, name, collection));
  const path = operatorPath(key.map(({ type }) => type));
  if (path !== null) await session.execute(path, { signal });
  const found = new Map<Key, Row | null>(keys.map((asked) => [asked, null]));
  for (let from = 0; from < keys.length; from += keysPerStatement) {
    const batch = keys.slice(from, from + keysPerStatement);
    await lookupBatch(context, { batch, output, key, selection, found });
  }
  return found;
}

interface Batch {
  readonly batch: readonly Key[];
  readonly output: readonly OutputColumn[];
  readonly key: readonly OutputColumn[];
  readonly selection: Selection;
  readonly found: Map<Key, Row | null>;
}

async function lookupBatch(
  context: ReadContext,
  { batch, output, key, selection, found }: Batch,
): Promise<void> {
  const columns = output.map(({ name, type }) => ({ name, codec: typeRule(type).codec }));
  const list = [...output.map(wireExpression), 'asked."\tplace"'].join(', ');
  const matches = key.map((column, index) => `${comparable(column)} = asked."\t${index}"`);
  const select = `SELECT ${list} ${fromTable(context.table)} JOIN ${askedValues(batch, key)} ON ${matches.join(' AND ')}${whereClause(filterCondition(selection))}`;
  for await (const { chunks, oversized } of decodeCopy(context, select, [
    ...columns,
    { name: placeColumn, codec: 'int4' },
  ])) {
    if (oversized.length > 0) throw tooLarge(context);
    for (const { rows } of chunks) for (const row of rows) note(row, batch, found);
  }
}

function note(
  { [placeColumn]: place, ...row }: Row,
  batch: readonly Key[],
  found: Map<Key, Row | null>,
): void {
  const asked = batch[Number(place)];
  if (asked !== undefined) found.set(asked, Object.freeze(row));
}

/** `(VALUES (0, '42'::bigint, 'eu'::text), …) AS asked("\tplace", "\t0", "\t1")`: names that no column of the user's has. */
function askedValues(batch: readonly Key[], key: readonly OutputColumn[]): string {
  const rows = batch.map((asked, place) => {
    const parts = decodeKey(asked);
    return `(${[place, ...key.map(({ type }, index) => typedLiteral(parts[index] ?? '', type))].join(', ')})`;
  });
  const names = ['"\tplace"', ...key.map((_, index) => `"\t${index}"`)];
  return `(VALUES ${rows.join(', ')}) AS asked(${names.join(', ')})`;
}

/** Integers of different sizes are compared without a conversion, so that the index on the unconverted column is used. */
const integers: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint']);

const comparable = ({ plain, expression, type }: OutputColumn): string =>
  integers.has(type.name) && expression === `(${plain})::${type.name}` ? plain : expression;

function columnOf(output: readonly OutputColumn[], name: string, collection: string): OutputColumn {
  const column = output.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new LockstepError('column-unknown', { collection, column: name, nearest: '' });
  return column;
}

const tooLarge = ({ collection, maxRowBytes }: ReadContext): LockstepError =>
  new LockstepError('row-too-large', { collection, detail: `maxRowBytes is ${maxRowBytes}` });
