import type { SelectedColumn, Selection } from '../../../protocol/selection.ts';
import { underlying, unmodifiedName } from '../catalog/pg-type.ts';
import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { typeRule } from '../types/type-table.ts';
import type { KnownType, TypeCache } from './type-cache.ts';

/** The table in all statements of the reader; columns are qualified with it, expressions of the user are not. */
export const rowAlias = 'r';

/** A column of what is read. */
export interface OutputColumn {
  readonly name: string;
  /** Before the conversion that the selection asks for. */
  readonly plain: string;
  /** With it. */
  readonly expression: string;
  readonly type: KnownType;
}

/** What the user wrote, closed off by a line break: it may end in a comment. */
const configured = (text: string): string => `(${text}\n)`;

export const plainExpression = ({ from }: SelectedColumn): string =>
  'column' in from ? `${rowAlias}.${quoteIdentifier(from.column)}` : configured(from.expression);

export const outputExpression = (column: SelectedColumn): string =>
  column.as === null ? plainExpression(column) : `(${plainExpression(column)})::${castType(column.as)}`;

/** A cast to a length would cut off what is longer: it is the target that has to refuse it. */
const castType = (type: string): string => type.replace(/^character varying\(\d+\)/, 'character varying');

export const fromTable = (table: TableName): string => `FROM ${qualified(table)} AS ${rowAlias}`;

export const filterCondition = (selection: Selection): string[] =>
  selection.filter === null ? [] : [`(${configured(selection.filter)} IS TRUE)`];

export const whereClause = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;

/** Types as the server derives them. In the transaction of the read, so that its lock keeps them from changing before it. */
export async function describeOutput(
  session: Session,
  request: {
    readonly table: TableName;
    readonly columns: readonly SelectedColumn[];
    readonly types: TypeCache;
  },
  options: { readonly signal: AbortSignal; readonly collection: string },
): Promise<OutputColumn[]> {
  const { table, columns, types } = request;
  const list = columns.map(outputExpression).join(', ');
  const { typeOids } = await session.query(`SELECT ${list} ${fromTable(table)} LIMIT 0`, undefined, options);
  const known = await types.types(session, typeOids, options);
  return columns.flatMap((column, index) => {
    const type = known[index];
    if (type === undefined) return [];
    return [
      { name: column.name, plain: plainExpression(column), expression: outputExpression(column), type },
    ];
  });
}

/** For the rows format: what has no binary form of ours is converted to text by the server. */
export function wireExpression({ expression, type }: OutputColumn): string {
  return typeRule(type).codec === null ? `(${expression})::pg_catalog.text` : expression;
}

/** A text of a value as a literal of a type. */
export const typedLiteral = (text: string | null, type: KnownType): string =>
  `${text === null ? 'NULL' : quoteLiteral(text)}::${unmodifiedName(type.name)}`;

/** Operators of an extension's types (citext) live in its schema; everything else is found in pg_catalog. */
export function operatorPath(types: readonly KnownType[]): string | null {
  const schemas = types
    .map(underlying)
    .filter((type) => !type.builtIn && type.typtype === 'b' && type.element === null);
  const names = new Set(schemas.map((type) => ('schema' in type ? String(type.schema) : 'public')));
  if (names.size === 0) return null;
  return `SET LOCAL search_path = pg_catalog, ${[...names].map(quoteIdentifier).join(', ')}`;
}
