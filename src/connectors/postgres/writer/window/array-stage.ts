import type { Change } from '../../../../protocol/change.ts';
import { decodeKey } from '../../key.ts';
import type { Parameter } from '../../session/batch.ts';
import { list } from '../model/expressions.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';
import { fromText, ordinal, type Stage } from '../stage/stage.sql.ts';
import { arrayTypeOf, columnArray, ordinalArray, textArray } from './column-array.ts';
import { toldColumns } from './told-columns.ts';

/**
 * Changes as parameters of the statement itself: a stage that needs no table. Its `sql` stands where a temporary table's name would; $1 are
 * the ordinals, then one array per column.
 */

export interface NumberedChange<Kind extends Change['kind'] = Change['kind']> {
  readonly ordinal: number;
  readonly change: Change & { readonly kind: Kind };
}

/** Some changes of a window, and which of its changes they are. */
export interface Piece<Kind extends Change['kind'] = Change['kind']> {
  readonly ordinals: readonly number[];
  readonly changes: readonly (Change & { readonly kind: Kind })[];
}

export const pieceOf = <Kind extends Change['kind']>(
  numbered: readonly NumberedChange<Kind>[],
): Piece<Kind> => ({
  ordinals: numbered.map(({ ordinal: place }) => place),
  changes: numbered.map(({ change }) => change),
});

/** Rows with all these columns. */
export function rowStage(columns: readonly TargetColumn[]): Stage {
  return stageOf(columns, columns.map(unnested));
}

/** Keys alone; with columns of partial rows behind them. */
export function keyStage(model: TargetModel, columns: readonly TargetColumn[] = []): Stage {
  const keys = model.key.map(({ slot, type }) => ({
    slot,
    array: 'text[]',
    value: (text: string) => fromText(type, text),
  }));
  return stageOf([...model.key, ...columns], [...keys, ...columns.map(unnested)]);
}

interface Unnested {
  readonly slot: string;
  readonly array: string;
  readonly value: (input: string) => string;
}

function unnested({ slot, type }: TargetColumn): Unnested {
  const { sql, asText } = arrayTypeOf(type);
  return { slot, array: sql, value: (input) => (asText ? fromText(type, input) : input) };
}

/** In the select list and not in FROM: there the server would write all of it to a tuple store first. */
function stageOf(columns: readonly TargetColumn[], parts: readonly Unnested[]): Stage {
  const inner = parts.map(({ array }, index) => `pg_catalog.unnest($${index + 2}::${array}) AS u${index}`);
  const outer = parts.map(({ slot, value }, index) => `${value(`u.u${index}`)} AS ${slot}`);
  return {
    name: '',
    columns,
    sql: `(SELECT ${list([`u.n AS ${ordinal}`, ...outer])}
FROM (SELECT ${list(['pg_catalog.unnest($1::int4[]) AS n', ...inner])}) AS u)`,
  };
}

export interface RowsRequest {
  readonly model: TargetModel;
  readonly columns: readonly TargetColumn[];
  readonly piece: Piece<'upsert' | 'patch'>;
  /** As the columns will have them, since they are compared before they are stored. */
  readonly stored: boolean;
}

export const rowValues = (request: RowsRequest): readonly Parameter[] => [
  ordinalArray(request.piece.ordinals),
  ...columnValues(request),
];

export const keyValues = (model: TargetModel, { ordinals, changes }: Piece): readonly Parameter[] => [
  ordinalArray(ordinals),
  ...keyTexts(model, changes),
];

export const patchValues = (request: RowsRequest): readonly Parameter[] => [
  ...keyValues(request.model, request.piece),
  ...columnValues(request),
];

function columnValues(request: RowsRequest): readonly Parameter[] {
  const told = toldColumns(request);
  if (told !== null) return told;
  const { model, columns, piece, stored } = request;
  const { collection } = model;
  const rows = piece.changes.map(({ row }) => row);
  return columns.map((column) => {
    const values = rows.map((row) => row[column.name]);
    return columnArray(column, values, { collection, stored });
  });
}

function keyTexts(model: TargetModel, changes: readonly Change[]): readonly Parameter[] {
  const parts = changes.map(({ key }) => decodeKey(key));
  return model.key.map((_, index) => textArray(parts.map((part) => part[index] ?? null)));
}
