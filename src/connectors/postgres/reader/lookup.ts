import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { keyRepeated } from '../../../protocol/key-repeated.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Row } from '../../../protocol/value.ts';
import { underlying, unmodifiedName } from '../catalog/pg-type.ts';
import { decodeKey, type KeyPart } from '../key.ts';
import { quoteLiteral } from '../names.ts';
import { typeRule } from '../types/type-table.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { type CopySurroundings, decodeCopy } from './read.ts';
import {
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
  /** As the server describes the selection. */
  readonly output: readonly OutputColumn[];
  /** Statements that each COPY is one transaction with. */
  readonly surroundings?: CopySurroundings;
}

export const keysPerStatement = 1000;
/** Comes with each row: which of the keys it answers. No column can be called so. */
const placeColumn = '\0place';

/**
 * Rows by key. Keys are compared as the database does (numeric 1.0 finds 1.00) and answered under the spelling
 * that was asked for. A statement sees one moment, so two rows of one key are two: that is `key-repeated`.
 */
export async function lookupRows(
  context: ReadContext,
  { keys, selection, keyColumns, output, surroundings = {} }: LookupRequest,
): Promise<ReadonlyMap<Key, Row | null>> {
  const key = keyColumnsOf(output, keyColumns, context.collection);
  const path = operatorPath(key.map(({ type }) => type));
  const before = `${surroundings.before ?? ''}${path === null ? '' : `${path}; `}`;
  const found = new Map<Key, Row | null>(keys.map((asked) => [asked, null]));
  const each = [...found.keys()];
  for (let from = 0; from < each.length; from += keysPerStatement) {
    const batch = each.slice(from, from + keysPerStatement);
    await lookupBatch(context, {
      batch,
      output,
      key,
      selection,
      found,
      surroundings: { ...surroundings, before },
    });
  }
  return found;
}

interface Batch {
  readonly batch: readonly Key[];
  readonly output: readonly OutputColumn[];
  readonly key: readonly OutputColumn[];
  readonly selection: Selection;
  readonly found: Map<Key, Row | null>;
  readonly surroundings: CopySurroundings;
}

async function lookupBatch(
  context: ReadContext,
  { batch, output, key, selection, found, surroundings }: Batch,
): Promise<void> {
  const columns = output.map(({ name, type }) => ({ name, codec: typeRule(type).codec }));
  const list = [...output.map(wireOf), 'asked."\tplace"'].join(', ');
  const matches = key.map((column, index) => `${comparable(column)} = asked."\t${index}"`);
  const select = `SELECT ${list} ${fromTable(context.table)} JOIN ${askedKeys(batch, key)} ON ${matches.join(' AND ')}${whereClause(filterCondition(selection))}`;
  const travelling = [...columns, { name: placeColumn, codec: 'int8' as const }];
  for await (const { chunks, oversized } of decodeCopy(context, {
    ...surroundings,
    select,
    columns: travelling,
  })) {
    if (oversized.length > 0) throw tooLarge(context);
    for (const { rows } of chunks)
      for (const row of rows) {
        const asked = batch[Number(row[placeColumn]) - 1];
        if (asked === undefined) continue;
        if (found.get(asked) !== null) throw keyRepeated(context.collection, columnsOf(key), asked);
        found.set(asked, withoutPlace(row));
      }
  }
}

/** Cast to the type that the output is known to have: a column that changed since would be read as what it was. */
const wireOf = (column: OutputColumn): string =>
  typeRule(column.type).codec === null
    ? wireExpression(column)
    : `(${column.expression})::${unmodifiedName(column.type.name)}`;

const withoutPlace = ({ [placeColumn]: _, ...row }: Row): Row => Object.freeze(row);

const columnsOf = (key: readonly OutputColumn[]): readonly string[] => key.map(({ name }) => name);

/** Names that no column of the user's has. */
const names = (key: readonly OutputColumn[]): string =>
  [...key.map((_, index) => `"\t${index}"`), '"\tplace"'].join(', ');

/** Without its schema, since only so it takes several arrays: `unnest('{42,43}'::bigint[], '{eu,us}'::text[]) WITH ORDINALITY AS asked("\t0", "\t1", "\tplace")`: read faster than VALUES. */
export function askedKeys(batch: readonly Key[], key: readonly OutputColumn[]): string {
  // Arrays of arrays would be taken apart to the last element.
  if (key.some(({ type }) => underlying(type).element !== null)) return askedValues(batch, key);
  const parts = batch.map(decodeKey);
  const arrays = key.map(({ type }, index) => {
    const items = parts.map((part) => arrayItem(part[index] ?? null));
    return `${quoteLiteral(`{${items.join(',')}}`)}::${unmodifiedName(type.name)}[]`;
  });
  return `unnest(${arrays.join(', ')}) WITH ORDINALITY AS asked(${names(key)})`;
}

const arrayItem = (part: KeyPart): string =>
  part === null ? 'NULL' : `"${part.replaceAll(/["\\]/g, '\\$&')}"`;

/** `(VALUES ('42'::bigint, 'eu'::text, 1::bigint), …) AS asked("\t0", "\t1", "\tplace")` */
function askedValues(batch: readonly Key[], key: readonly OutputColumn[]): string {
  const rows = batch.map((asked, place) => {
    const parts = decodeKey(asked);
    const values = key.map(({ type }, index) => typedLiteral(parts[index] ?? null, type));
    return `(${[...values, `${place + 1}::bigint`].join(', ')})`;
  });
  return `(VALUES ${rows.join(', ')}) AS asked(${names(key)})`;
}

/** Integers of different sizes are compared without a conversion, so that the index on the unconverted column is used. */
const integers: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint']);

const comparable = ({ plain, expression, type }: OutputColumn): string =>
  integers.has(type.name) && expression === `(${plain})::${type.name}` ? plain : expression;

export const keyColumnsOf = (
  output: readonly OutputColumn[],
  names: readonly string[],
  collection: string,
): readonly OutputColumn[] => names.map((name) => columnOf(output, name, collection));

function columnOf(output: readonly OutputColumn[], name: string, collection: string): OutputColumn {
  const column = output.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new LockstepError('column-unknown', { collection, column: name, nearest: '' });
  return column;
}

const tooLarge = ({ collection, maxRowBytes }: ReadContext): LockstepError =>
  new LockstepError('row-too-large', { collection, detail: `maxRowBytes is ${maxRowBytes}` });
