import type { FeedCollection } from '../../../../../protocol/feed.ts';
import type { Key } from '../../../../../protocol/names.ts';
import type { Row, Value } from '../../../../../protocol/value.ts';
import { encodeKey, type KeyPart, keyText } from '../../../key.ts';
import { isKeySpelling, type TextDecoder, textDecoderOfName } from '../../../types/text-decoding.ts';
import type { Relation } from './relation.ts';
import { cutField, nullField, type Tuple, unchangedField } from './tuple.ts';

/** A collection, and whether its values can be told from the stream at all. */
export interface CapturedCollection extends Pick<FeedCollection, 'name' | 'key' | 'columns'> {
  /** The stream can't carry what the mapping reads (generated columns), so its changes are touches. */
  readonly touches: boolean;
}

export interface ProjectedColumn {
  readonly name: string;
  readonly index: number;
  /** `text` for every type that has no values of its own. */
  readonly typeName: string;
  readonly decode: TextDecoder;
}

interface KeyColumn extends ProjectedColumn {
  /** The field's own text is the key's. */
  readonly plain: boolean;
}

/** How rows of a relation become changes of one collection: made once per description, used for each change. */
export interface Projection {
  readonly collection: string;
  readonly touches: boolean;
  /** Of the rows, by name. */
  readonly columns: ReadonlyMap<string, ProjectedColumn>;
  /** The key can be told although the message was cut off. */
  hasKey(tuple: Tuple): boolean;
  key(bytes: Buffer, tuple: Tuple, older: Tuple | null): Key;
  row(bytes: Buffer, tuple: Tuple, older: Tuple | null): Row;
  /** The relation has every column that was asked for. */
  readonly hasAll: boolean;
  /** The row that was made of the tuple has every column that was asked for. */
  isComplete(tuple: Tuple, row: Row): boolean;
}

/** Null: the relation lacks a column of the key. */
export function projectionOf(
  collection: CapturedCollection,
  relation: Relation,
  typeNameOf: (typeOid: number) => string,
): Projection | null {
  const locate = (name: string): ProjectedColumn[] => {
    const index = relation.columns.findIndex((column) => column.name === name);
    const column = relation.columns[index];
    if (column === undefined) return [];
    const typeName = typeNameOf(column.typeOid);
    return [{ name, index, typeName, decode: textDecoderOfName(typeName) }];
  };
  const key = collection.key
    .flatMap(locate)
    .map((column) => ({ ...column, plain: isKeySpelling(column.decode) }));
  if (key.length < collection.key.length) return null;
  const asked = collection.columns ?? [];
  const columns = asked.flatMap(locate);
  const hasAll = columns.length === asked.length;
  return {
    collection: collection.name,
    touches: collection.touches,
    columns: new Map(columns.map((column) => [column.name, column])),
    hasKey: ({ lengths }) => key.every(({ index }) => (lengths[index] ?? cutField) !== cutField),
    key: keyMaker(key),
    row: rowMaker(columns),
    hasAll,
    isComplete: ({ lacks }, row) => hasAll && (!lacks || Object.keys(row).length === asked.length),
  };
}

function keyMaker(columns: readonly KeyColumn[]): Projection['key'] {
  const [only] = columns;
  if (columns.length === 1 && only?.plain === true)
    return (bytes, tuple, older) => quotedField(bytes, holderOf(tuple, older, only.index), only.index);
  return (bytes, tuple, older) =>
    encodeKey(
      columns.map(({ index, decode, plain }) => {
        const holder = holderOf(tuple, older, index);
        return plain
          ? fieldText(bytes, holder, index)
          : keyText(fieldValue(bytes, holder, { index, decode }));
      }),
    );
}

/** The tuple that has the field: what an update did not touch may stand in the old one. */
const holderOf = (tuple: Tuple, older: Tuple | null, index: number): Tuple =>
  older !== null && tuple.lengths[index] === unchangedField ? older : tuple;

const noKey = encodeKey([null]);
const bracket = 0x5b;
const closingBracket = 0x5d;
const quote = 0x22;

/**
 * `["42"]`. The bytes around a field, its length and the kind of the next one, are respelled in place for the time of reading: that makes
 * one string where putting pieces together would make four, for each change.
 */
function quotedField(bytes: Buffer, tuple: Tuple, index: number): string {
  const start = tuple.starts[index] ?? 0;
  const end = start + (tuple.lengths[index] ?? nullField);
  if (end < start) return noKey;
  if (end + 2 > bytes.length) return `["${fieldText(bytes, tuple, index)}"]`;
  const before = bytes.readUInt16BE(start - 2);
  const after = bytes.readUInt16BE(end);
  bytes[start - 2] = bracket;
  bytes[start - 1] = quote;
  bytes[end] = quote;
  bytes[end + 1] = closingBracket;
  const text = bytes.toString('latin1', start - 2, end + 2);
  bytes.writeUInt16BE(before, start - 2);
  bytes.writeUInt16BE(after, end);
  return text;
}

function fieldText(bytes: Buffer, { starts, lengths }: Tuple, index: number): KeyPart {
  const start = starts[index] ?? 0;
  const length = lengths[index] ?? nullField;
  return length < 0 ? null : bytes.toString('latin1', start, start + length);
}

function fieldValue(
  bytes: Buffer,
  { starts, lengths }: Tuple,
  { index, decode }: Pick<ProjectedColumn, 'index' | 'decode'>,
): Value {
  const start = starts[index] ?? 0;
  const length = lengths[index] ?? nullField;
  return length < 0 ? null : decode(bytes, start, start + length);
}

function rowMaker(columns: readonly ProjectedColumn[]): Projection['row'] {
  const isSafe = columns.every(({ name }) => name !== '__proto__');
  return (bytes, tuple, older) => {
    const row: Record<string, Value> = {};
    for (let place = 0; place < columns.length; place += 1) {
      const column = columns[place];
      if (column === undefined) continue;
      const holder = holderOf(tuple, older, column.index);
      const length = holder.lengths[column.index];
      // A value that is kept aside is never null: an old key says null of every other column, which means nothing.
      if (length === unchangedField || (holder === older && length === nullField)) continue;
      const value = fieldValue(bytes, holder, column);
      if (isSafe) row[column.name] = value;
      else Object.defineProperty(row, column.name, { value, enumerable: true });
    }
    return Object.freeze(row);
  };
}
