import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import type { PgColumn, PgSequence, PgTable } from '../catalog/pg-table.ts';
import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { furthestState, type SequenceState } from './sequence-values.ts';

export interface SequencesRequest {
  /** The source as it is now. */
  readonly source: PgTable;
  readonly plan: CollectionPlan;
  readonly target: PgTable;
  readonly signal?: AbortSignal | undefined;
}

/** $1 qualified name */
const drawsQuery = `
SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attidentity <> '' AND NOT a.attisdropped)
  OR EXISTS (SELECT FROM pg_catalog.pg_attrdef d
      JOIN pg_catalog.pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid AND u.refclassid = 'pg_class'::regclass
      JOIN pg_catalog.pg_class s ON s.oid = u.refobjid AND s.relkind = 'S'
    WHERE d.adrelid = pg_catalog.to_regclass($1)) AS draws`;

/** Whether any column takes values from a sequence: most tables have none, and needn't be described for them after each pass. */
export async function drawsFromSequences(
  session: Session,
  table: TableName,
  options: { readonly signal: AbortSignal },
): Promise<boolean> {
  const { rows } = await session.query<{ draws: boolean }>(drawsQuery, [qualified(table)], options);
  return rows[0]?.draws ?? false;
}

/** Moves the sequences of mapped columns to where they give out nothing twice; never back. */
export async function ensureSequences(session: Session, request: SequencesRequest): Promise<PreparedStep[]> {
  const steps: PreparedStep[] = [];
  for (const { column, sequence, from } of drawnColumns(request)) {
    const step = await sequenceStep(session, { ...request, column, sequence, from });
    if (step?.statement) await session.execute(step.statement, { signal: request.signal });
    if (step !== null) steps.push(step);
  }
  return steps;
}

interface DrawnColumn {
  readonly column: PgColumn;
  readonly sequence: PgSequence;
  /** The source's sequence; null when its column has none. */
  readonly from: PgSequence | null;
}

export function drawnColumns({ source, plan, target }: SequencesRequest): DrawnColumn[] {
  return plan.columns.flatMap(({ target: name, from }) => {
    const column = target.columns.find((candidate) => candidate.name === name);
    if (column === undefined || column.sequence === null) return [];
    const drawn =
      'column' in from ? source.columns.find((candidate) => candidate.name === from.column) : undefined;
    return [{ column, sequence: column.sequence, from: drawn?.sequence ?? null }];
  });
}

interface StandingRow extends SequenceState {
  readonly column: string | null;
}

async function sequenceStep(
  session: Session,
  request: SequencesRequest & DrawnColumn,
): Promise<PreparedStep | null> {
  const { column, sequence, target, from, signal } = request;
  const name = qualified({ schema: sequence.schema, table: sequence.name });
  const isUp = !sequence.increment.startsWith('-');
  const { rows } = await session.query<StandingRow>(
    `SELECT s.last_value::text AS "lastValue", s.is_called AS "isCalled",
       (SELECT ${isUp ? 'max' : 'min'}(t.${quoteIdentifier(column.name)})::text FROM ${qualified(target)} t) AS column
     FROM ${name} s`,
    undefined,
    { signal },
  );
  const [standing] = rows;
  if (standing === undefined) return null;
  const source = stateOf(from);
  const state = furthestState({ sequence, current: standing, source, column: standing.column });
  return state === null ? null : setStep({ name, state, isUp });
}

/** Null: there is none, or we may not read it. */
export function stateOf(sequence: PgSequence | null): SequenceState | null {
  if (sequence === null || sequence.lastValue === null || sequence.isCalled === null) return null;
  return { lastValue: sequence.lastValue, isCalled: sequence.isCalled };
}

/** Somebody may draw between our look and this: it looks again while it sets. */
function setStep({
  name,
  state,
  isUp,
}: {
  readonly name: string;
  readonly state: SequenceState;
  readonly isUp: boolean;
}): PreparedStep {
  const { lastValue, isCalled } = state;
  const further = isUp ? '<' : '>';
  return {
    what: `Move the sequence ${name} to ${lastValue}`,
    statement:
      `SELECT pg_catalog.setval(${quoteLiteral(name)}::regclass, ${lastValue}, ${isCalled}) FROM ${name} s ` +
      `WHERE s.last_value ${further} ${lastValue} OR (s.last_value = ${lastValue} AND NOT s.is_called)`,
  };
}
