import type { PreparedStep } from '../../../protocol/writer.ts';
import type { PgColumn, PgSequence } from '../catalog/pg-table.ts';
import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import type { LaidColumn } from './column-layout.ts';
import { freeName } from './free-names.ts';
import type { TargetFacts } from './target-facts.ts';

/** A sequence that a column's default draws from, at the destination. */
export interface LaidSequence {
  readonly column: LaidColumn;
  /** Qualified and quoted. */
  readonly name: string;
  readonly create: PreparedStep | null;
  /** Ties it to its column, once that is there. */
  readonly own: PreparedStep | null;
  /** The column's default, drawing from it. */
  readonly default: string;
}

/** `START WITH 1 INCREMENT BY 1 …`, for CREATE SEQUENCE and for identity columns. */
export const sequenceOptions = ({ start, increment, min, max, cache, cycle }: PgSequence): string =>
  `START WITH ${start} INCREMENT BY ${increment} MINVALUE ${min} MAXVALUE ${max} CACHE ${cache} ${cycle ? 'CYCLE' : 'NO CYCLE'}`;

/** For serial columns: an owned sequence gets a free name beside the new table, a shared one keeps its own and may be there already. */
export function laySequences(
  columns: readonly LaidColumn[],
  target: TableName,
  facts: TargetFacts,
): LaidSequence[] {
  const taken = new Set<string>();
  return columns.flatMap((column) => {
    const { source } = column;
    if (!column.alike || source === null || source.sequence === null || source.identity !== null) return [];
    return [laySequence({ column, source, sequence: source.sequence, target, facts, taken })];
  });
}

interface SequenceRequest {
  readonly column: LaidColumn;
  readonly source: PgColumn;
  readonly sequence: PgSequence;
  readonly target: TableName;
  readonly facts: TargetFacts;
  readonly taken: Set<string>;
}

function laySequence({ column, source, sequence, target, facts, taken }: SequenceRequest): LaidSequence {
  const schema = sequence.owned ? target.schema : sequence.schema;
  const exists = (name: string) =>
    facts.relations.some((relation) => relation.schema === schema && relation.name === name);
  const table = sequence.owned
    ? freeName(sequence.name, (name) => exists(name) || taken.has(name))
    : sequence.name;
  const isThere = !sequence.owned && (exists(table) || taken.has(table));
  taken.add(table);
  const name = qualified({ schema, table });
  const statement = `CREATE SEQUENCE ${name} AS ${sequence.dataType} ${sequenceOptions(sequence)}`;
  return {
    column,
    name,
    create: isThere ? null : { what: `Create the sequence ${name}`, statement },
    own: sequence.owned ? ownStep(name, target, column) : null,
    default: drawingFrom(source.default ?? '', name),
  };
}

const ownStep = (name: string, target: TableName, column: LaidColumn): PreparedStep => ({
  what: `Tie the sequence ${name} to its column`,
  statement: `ALTER SEQUENCE ${name} OWNED BY ${qualified(target)}.${quoteIdentifier(column.interim)}`,
});

const drawingFrom = (expression: string, name: string): string =>
  expression.replace(
    /nextval\('(?:[^']|'')*'::regclass\)/g,
    () => `nextval(${quoteLiteral(name)}::regclass)`,
  );
