import type { Document } from 'mongodb';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { SelectedColumn, Selection } from '../../../protocol/selection.ts';
import type { Row, Value } from '../../../protocol/value.ts';
import { elementsOf, idElement } from '../bson/elements.ts';
import { keyOfDocument } from '../key.ts';
import { allFields, documentColumn, idColumn } from '../names.ts';
import { parseExpression } from '../query.ts';
import { decodeField } from './decode.ts';
import { ForeignIds } from './foreign-ids.ts';
import { elementAt, outermost } from './paths.ts';
import { plainValue } from './plain.ts';
import { converterTo, plainType } from './to-postgres.ts';

/** How rows are made of the documents of a collection. */
export interface RowMaker {
  /** What the server leaves of a document; null: all of it. */
  readonly projection: Document | null;
  toRow(document: Uint8Array): Row;
}

/** Documents as they are stored, in one column beside their keys. */
export const wholeRow = (document: Uint8Array): Row =>
  Object.freeze({ [idColumn]: keyOfDocument(document), [documentColumn]: document });

const whole: RowMaker = { projection: null, toRow: wholeRow };

/** No selection of fields: the document travels as bytes. */
export const isWhole = ({ columns }: Selection): boolean =>
  columns.some(({ from }) => 'column' in from && from.column === documentColumn);

/** Of a selection, for a collection that errors name. */
export function rowMaker(selection: Selection, collection: string): RowMaker {
  if (isWhole(selection)) {
    const isPlain = selection.columns.every(({ name, from }) => 'column' in from && from.column === name);
    if (selection.columns.length > 2 || !isPlain)
      throw invalid(collection, `\`${documentColumn}\` is the whole document: it goes with no other field`);
    return whole;
  }
  const takes = selection.columns.map((column, index) => takeOf(column, { collection, index }));
  const projected = outermost(takes.flatMap(({ path }) => path ?? []));
  const isAll = takes.some(({ path }) => path === null);
  const computed = takes.flatMap(({ computed }) => (computed === undefined ? [] : [computed]));
  if (isAll && computed.length > 0)
    throw invalid(collection, 'an expression goes with fields that are named (`mapReads`)');
  const fields: readonly (readonly [string, unknown])[] = [
    ...projected.map((path) => [path, 1] as const),
    ...computed,
  ];
  return {
    projection: isAll ? null : { _id: 1, ...Object.fromEntries(fields) },
    toRow: (document) => {
      const row: { [name: string]: Value } = {};
      for (const { add } of takes) add(row, document);
      return Object.freeze(row);
    },
  };
}

interface Take {
  /** Null: everything. */
  readonly path: string | null;
  readonly computed?: readonly [string, unknown];
  readonly add: (row: { [name: string]: Value }, document: Uint8Array) => void;
}

function takeOf(
  column: SelectedColumn,
  place: { readonly collection: string; readonly index: number },
): Take {
  const { from } = column;
  if ('expression' in from) return computedTake(column, from.expression, place);
  if (from.column === allFields) return everything(column);
  requirePath(from.column, place.collection);
  return { path: from.column, add: adding(column, from.column, place.collection) };
}

/** A column of another database is there whether the document has the field or not. */
function adding({ name, as }: SelectedColumn, path: string, collection: string): Take['add'] {
  const convert = converterOf(as, path, collection);
  const isForeign = as !== null && as !== plainType;
  return (row, document) => {
    const element = path === idColumn ? idElement(document) : elementAt(document, path);
    if (element !== undefined) row[name] = convert(decodeField(element));
    else if (isForeign) row[name] = null;
  };
}

function converterOf(as: string | null, path: string, collection: string): (value: Value) => Value {
  if (as === null) return (value) => value;
  if (as === plainType) return plainValue;
  if (path !== idColumn) return converterTo(as);
  const ids = new ForeignIds(as, collection);
  return (value) => ids.textOf(value);
}

function everything({ as }: SelectedColumn): Take {
  const convert = as === plainType ? plainValue : (value: Value) => value;
  return {
    path: null,
    add: (row, document) => {
      for (const element of elementsOf(document)) row[element.name] ??= convert(decodeField(element));
    },
  };
}

/** Under a name that no field has. */
function computedTake(
  column: SelectedColumn,
  expression: string,
  { collection, index }: { readonly collection: string; readonly index: number },
): Take {
  const alias = `lockstep computed ${index}`;
  const parsed = parseExpression(expression, (detail) => invalid(collection, detail));
  return { path: alias, computed: [alias, parsed], add: adding(column, alias, collection) };
}

/** What neither a projection nor an update can name. */
export function requirePath(path: string, collection: string): void {
  const parts = path.split('.');
  if (parts.some((part) => part === '' || part.startsWith('$') || part.includes('\0')))
    throw invalid(collection, `\`${path}\` is no path of a field`);
}

const invalid = (collection: string, detail: string): LockstepError =>
  new LockstepError('expression-invalid', { collection, what: 'its mapping', side: 'source', detail });
