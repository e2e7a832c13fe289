import { underlying } from '../../catalog/pg-type.ts';
import { exact, inScope, keyMatches, list, staged, stored } from '../model/expressions.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';

/** Which column of a unique index gets a value that nobody uses, so that the others may take what it holds. */
export function columnToVacate(model: TargetModel, index: UniqueIndex): TargetColumn | null {
  const key = new Set(model.key.map(({ name }) => name));
  const candidates = index.columns
    .filter(({ name, generated, identityAlways }) => !key.has(name) && !generated && !identityAlways)
    .map((column) => ({ column, rank: rankOfTemporary(column, index) ?? impossible }))
    .filter(({ rank }) => rank < impossible)
    .toSorted((a, b) => a.rank - b.rank);
  return candidates[0]?.column ?? null;
}

const impossible = 9;
type Distinctness = Pick<UniqueIndex, 'nullsNotDistinct'>;
const places = ['null', 'uuid', 'integer', 'text', 'bytes', 'number', 'time'] as const;
type TemporaryKind = (typeof places)[number];

/** Low is good; null: its type has no value of which we know that nobody has it. */
export function rankOfTemporary(column: TargetColumn, index: Distinctness): number | null {
  const kind = kindOf(column, index);
  return kind === null ? null : places.indexOf(kind);
}

function kindOf(column: TargetColumn, { nullsNotDistinct }: Distinctness): TemporaryKind | null {
  if (column.nullable && !nullsNotDistinct) return 'null';
  const { name } = underlying(column.type);
  if (name.endsWith('.citext')) return 'text';
  switch (name) {
    case 'uuid':
      return 'uuid';
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'integer';
    case 'text':
    case 'character varying':
    case 'character':
    case 'bpchar':
      return 'text';
    case 'bytea':
      return 'bytes';
    case 'numeric':
      return 'number';
    case 'date':
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return 'time';
    default:
      return null;
  }
}

export interface VacateRequest {
  readonly index: UniqueIndex;
  readonly column: TargetColumn;
  readonly stage: Stage;
  /** Staged rows with their final values (then only rows whose value changes), or only keys (rows that leave). */
  readonly holds: 'rows' | 'keys';
}

type TemporaryRequest = Omit<VacateRequest, 'index'> & { readonly index: Distinctness };

export function vacate(model: TargetModel, { index, column, stage, holds }: VacateRequest): string {
  const changes =
    holds === 'keys'
      ? ''
      : `AND (${index.columns
          .map((each) => `${exact(each, stored(model, each))} IS DISTINCT FROM ${exact(each, staged(each))}`)
          .join(' OR ')})`;
  return `
UPDATE ${model.sql} SET ${column.sql} = ${temporaryValue(model, { index, column, stage, holds })}
FROM ${stage.sql} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)} ${changes}`;
}

/** Rows let go of what they refer to, until the update that follows. */
export const releaseReferences = (
  model: TargetModel,
  stage: Stage,
  columns: readonly TargetColumn[],
): string => `
UPDATE ${model.sql} SET ${list(columns.map(({ sql }) => `${sql} = NULL`))}
FROM ${stage.sql} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)} AND (${columns.map((column) => `${stored(model, column)} IS NOT NULL`).join(' OR ')})`;

/**
 * A value that no row has: null where that is no value, random where there is room for 122 bits, else beyond the highest
 * (or below the lowest) of all that are stored or staged. Texts keep what they can of the old value, for the sake of checks.
 */
export function temporaryValue(model: TargetModel, request: TemporaryRequest): string {
  const { column, index } = request;
  const kind = kindOf(column, index);
  const old = stored(model, column);
  switch (kind) {
    case null:
    case 'null':
      return 'NULL';
    case 'uuid':
      return 'gen_random_uuid()';
    case 'text':
      return temporaryText(column, old);
    case 'bytes':
      return 'uuid_send(gen_random_uuid())';
    case 'integer':
      return temporaryInteger(model, request);
    case 'number':
      return `${extreme(model, request, 'max')} + s.${ordinal} + 1`;
    case 'time':
      return `${extreme(model, request, 'max')} + (s.${ordinal} + 1) * ${dayOf(column)}`;
  }
}

const dayOf = ({ type }: TargetColumn): string =>
  underlying(type).name === 'date' ? '1' : `interval '1 day'`;

function temporaryText({ formatType }: TargetColumn, old: string): string {
  const limit = /\((\d+)\)$/.exec(formatType)?.[1];
  const random = `replace(gen_random_uuid()::text, '-', '')`;
  if (limit === undefined) return `${random} || ${old}`;
  // Short columns have no room for chance: characters of the private use area, which nobody has in his data, numbered.
  if (Number(limit) < 20) return `chr(57344 + s.${ordinal} % 6400)`;
  return `left(${random} || ${old}, ${limit})`;
}

function temporaryInteger(model: TargetModel, request: TemporaryRequest): string {
  const { name } = underlying(request.column.type);
  const [type, most] =
    name === 'smallint'
      ? ['int2', '32767']
      : name === 'integer'
        ? ['int4', '2147483647']
        : ['int8', '9223372036854775807'];
  const above = `${extreme(model, request, 'max')}::numeric + s.${ordinal} + 1`;
  const below = `${extreme(model, request, 'min')}::numeric - s.${ordinal} - 1`;
  return `(CASE WHEN ${above} <= ${most} THEN ${above} ELSE ${below} END)::${type}`;
}

function extreme(
  model: TargetModel,
  { column, stage, holds }: TemporaryRequest,
  which: 'max' | 'min',
): string {
  const inTarget = `(SELECT ${which}(${column.sql}) FROM ${model.sql})`;
  if (holds === 'keys') return inTarget;
  const inStage = `(SELECT ${which}(${column.slot}) FROM ${stage.sql} AS staged)`;
  return `${which === 'max' ? 'greatest' : 'least'}(${inTarget}, ${inStage})`;
}
