import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, MappedColumn } from '../../../../protocol/mapping.ts';
import type { Row } from '../../../../protocol/value.ts';
import { elementsOf } from '../../bson/elements.ts';
import { documentOf, type Element } from '../../bson/layout.ts';
import { NotStorable } from '../../fields/encode.ts';
import { columnKey, type IdForm, plainIds, stringKey, typedIds } from '../../fields/id-form.ts';
import { documentOfPaths, elementAt, outermost } from '../../fields/paths.ts';
import { fieldTypeOf } from '../../fields/postgres-types.ts';
import { encoderOf, fieldTypes, kindOf } from '../../fields/types.ts';
import { dialect, documentColumn, idColumn } from '../../names.ts';
import type { RowForm } from './row-form.ts';
import { sourceKeyOf } from './source-key.ts';

/** Which fields of a document are ours. */
export interface Fields {
  /** Paths of what is written and compared. */
  readonly kept: readonly string[];
  /** Paths of what a new document gets, and what is left alone from then on. */
  readonly initial: ReadonlySet<string>;
}

/** Whole documents, or a plan that names what it writes. */
export const isWholePlan = ({ columns }: Pick<CollectionPlan, 'columns'>): boolean =>
  columns.some(({ target }) => target === documentColumn);

export function fieldForm(plan: CollectionPlan): RowForm {
  const columns = plan.columns.filter(({ target }) => target !== idColumn);
  const initial = new Set(columns.filter(({ onInsert }) => onInsert).map(({ target }) => target));
  const kept = columns.map(({ target }) => target).filter((path) => !initial.has(path));
  const encode = plan.columns.map((column) => encoding(plan, column));
  const keyOf = sourceKeyOf(plan.sourceShape);
  const isCompared = ({ name }: Element): boolean => name !== idColumn && !initial.has(name);
  return {
    ids: idsOf(plan),
    projection: { _id: 1, ...Object.fromEntries(outermost(kept).map((path) => [path, 1])) },
    fields: { kept, initial },
    keyOf: (row) => keyOf(row[idColumn] ?? null),
    documentOf: (row) => documentOf(encode.flatMap((each) => each(row))),
    comparedOf: (document) => documentOf([...elementsOf(document)].filter(isCompared)),
    comparedOfStored: (stored) => documentOf(valuesAt(stored, kept)),
    storedOf: (document) => documentOfPaths([...elementsOf(document)]),
  };
}

/** What a document has at some paths, each under its path. */
export const valuesAt = (document: Uint8Array, paths: readonly string[]): readonly Element[] =>
  paths.flatMap((path) => {
    const element = elementAt(document, path);
    return element === undefined ? [] : [{ ...element, name: path }];
  });

/** The id first: it is looked for most. */
function encoding(plan: CollectionPlan, column: MappedColumn): (row: Row) => readonly Element[] {
  const { target } = column;
  const type = storedType(plan, column);
  const encode = target === idColumn ? idEncoder(plan, type) : encoderOf(type);
  return (row) => {
    const value = row[target];
    if (value === undefined) return [];
    try {
      return [{ ...encode(value), name: target }];
    } catch (thrown) {
      if (!(thrown instanceof NotStorable)) throw thrown;
      const details = { collection: plan.target, column: target, kind: thrown.kind, type: type ?? 'BSON' };
      throw new LockstepError('value-not-encodable', details);
    }
  };
}

/** What comes back as another key than the source's would be looked for there, not be found, and leave again. */
function idEncoder(plan: CollectionPlan, type: string | null): ReturnType<typeof encoderOf> {
  const encode = encoderOf(type);
  const ids = idsOf(plan);
  if (ids === plainIds) return encode;
  const keyOf = sourceKeyOf(plan.sourceShape);
  return (value) => {
    const stored = encode(value);
    if (ids.keyOf({ ...stored, name: idColumn }) === keyOf(value)) return stored;
    throw new NotStorable(`${kindOf(value)} whose key would be another`);
  };
}

/** Null: whatever type the value has. */
export function storedType(plan: CollectionPlan, { type, from }: MappedColumn): string | null {
  if (type !== null) return fieldTypes.includes(type) ? type : null;
  if (plan.sourceShape.dialect !== 'postgres' || !('column' in from)) return null;
  const source = plan.sourceShape.columns.find(({ name }) => name === from.column);
  return source === undefined ? null : fieldTypeOf(source.type);
}

/** Keys are spelled by the source; where the target keeps them in another type they are told apart by it. */
function idsOf(plan: CollectionPlan): IdForm {
  const column = plan.columns.find(({ target }) => target === idColumn);
  const type = column === undefined ? null : storedType(plan, column);
  if (plan.sourceShape.dialect === dialect) return type === null ? plainIds : typedIds(type, stringKey);
  return typedIds(type ?? 'string', columnKey);
}

export const isConverted = (plan: CollectionPlan): boolean => idsOf(plan) !== plainIds;

/** The statements' own fields. */
export type Changes = { readonly set: readonly Element[]; readonly unset: readonly string[] };

/** What makes the kept fields of a stored document those of a row. */
export function changesOf(fields: Fields, stored: Uint8Array, document: Uint8Array): Changes {
  const wanted = new Map([...elementsOf(document)].map((element) => [element.name, element]));
  const set: Element[] = [];
  const unset: string[] = [];
  for (const path of fields.kept) {
    const [before, after] = [elementAt(stored, path), wanted.get(path)];
    if (after === undefined) {
      if (before !== undefined) unset.push(path);
    } else if (before === undefined || !sameValue(before, after)) set.push(after);
  }
  return { set, unset };
}

const sameValue = (one: Element, other: Element): boolean =>
  one.type === other.type && Buffer.compare(one.value, other.value) === 0;
