import { typeRule } from '../../types/type-table.ts';
import type { TargetColumn, TargetModel } from './target-model.ts';

/** Fragments of SQL that all statements about a target share. A stage is always called `s`. */

/** A column of the target: qualified, because stages and the target meet in one statement. */
export const stored = (model: TargetModel, column: TargetColumn): string => `${model.sql}.${column.sql}`;

export const staged = (column: TargetColumn): string => `s.${column.slot}`;

export const list = (parts: readonly string[]): string => parts.join(', ');

export const keyMatches = (model: TargetModel): string =>
  model.key.map((column) => `${stored(model, column)} ${column.equals} ${staged(column)}`).join(' AND ');

/** What the user wrote, closed off by a line break: it may end in a comment. */
const configured = (predicate: string): string => `((${predicate}\n) IS TRUE)`;

/** True for rows of the target that are ours. */
export function inScope(model: TargetModel): string {
  switch (model.scope.kind) {
    case 'all':
      return 'TRUE';
    case 'where':
      return configured(model.scope.predicate);
    case 'owned':
      // Nothing was ever remembered (a look before the first run), so nothing is ours.
      if (model.owned === null) return 'FALSE';
      return `EXISTS (SELECT FROM ${model.owned} AS o WHERE ${ownedMatches(model)})`;
  }
}

/** Unqualified columns of the target: also right in a statement of the reader's, whatever it calls the table. */
const ownedMatches = (model: TargetModel): string =>
  model.key.map((column) => `o.${column.ownedName} ${column.equals} ${column.sql}`).join(' AND ');

/** True for rows that are there and count as absent. */
export function countsAsAbsent(model: TargetModel): string {
  switch (model.leaving.kind) {
    case 'mark':
      return configured(model.leaving.marked);
    case 'custom':
      return configured(model.leaving.absent);
    case 'delete':
    case 'keep':
      return 'FALSE';
  }
}

/** What counts: within scope and not marked; null where that is everything. */
export function countsFilter(model: TargetModel): string | null {
  const parts = [
    ...(model.scope.kind === 'all' ? [] : [inScope(model)]),
    ...(countsAsAbsent(model) === 'FALSE' ? [] : [`NOT ${countsAsAbsent(model)}`]),
  ];
  return parts.length === 0 ? null : parts.join(' AND ');
}

/** Whether a staged row would be stored differently: by the binary form wherever the type's own `=` is looser. */
export function differs(model: TargetModel, columns: readonly TargetColumn[]): string {
  const parts = columns.map((column) => {
    const [now, then] = [exact(column, stored(model, column)), exact(column, staged(column))];
    return `${now} IS DISTINCT FROM ${then}`;
  });
  return parts.length === 0 ? 'FALSE' : `(${parts.join(' OR ')})`;
}

/** A form of the value in which equal means stored alike. */
export function exact({ type, sendFunction }: TargetColumn, value: string): string {
  const { hash, exactEquality } = typeRule(type);
  switch (hash) {
    case 'bytes':
      return `${value} COLLATE pg_catalog."C"`;
    case 'text':
      return `(${value})::pg_catalog.text COLLATE pg_catalog."C"`;
    default:
      return exactEquality ? value : `${sendFunction}(${value})`;
  }
}

/** Loose key columns may be spelled differently and still match; others are equal when the key is. */
export function comparedColumns(
  model: TargetModel,
  columns: readonly TargetColumn[],
): readonly TargetColumn[] {
  const exactKeys = new Set(model.key.filter(hasExactEquality).map(({ name }) => name));
  return columns.filter(({ name }) => !exactKeys.has(name));
}

function hasExactEquality({ type, collationDeterministic }: TargetColumn): boolean {
  const { hash, exactEquality } = typeRule(type);
  return exactEquality && (hash !== 'bytes' || collationDeterministic);
}
