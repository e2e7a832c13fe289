import { createHash } from 'node:crypto';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import { qualified, quoteIdentifier } from '../../names.ts';
import { insertable, type TargetColumn, type TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import type { StateLayout } from '../state/state-layout.ts';
import type { JournalCollection } from './journal.ts';

/** What is kept of one collection of a generation. */
export interface KeptTables {
  /** Rows that are to be written, as they are to be. */
  readonly rows: Stage;
  /** Keys that are to leave. */
  readonly keys: Stage;
  /** Of the rows that were there already: what they were before, by the ordinals of `rows`. */
  readonly before: Stage;
  /** Columns beside these by which rows are marked as gone: a row that is back loses its mark, and gets it again. */
  readonly marks: readonly KeptColumn[];
  /** Rows that left, with all columns, by the ordinals of `keys`. */
  readonly gone: GoneTable;
}

export interface GoneTable {
  /** Qualified. */
  readonly sql: string;
  readonly columns: readonly KeptColumn[];
}

interface KeptColumn {
  readonly name: string;
  /** Quoted. */
  readonly sql: string;
  readonly slot: string;
}

/** Short, since names are cut at 63 bytes. */
export function tableNames(
  pipeline: PipelineName,
  id: GenerationId,
  place: number,
): JournalCollection['tables'] {
  const hash = createHash('sha256').update(pipeline).digest('hex').slice(0, 12);
  const name = (what: string): string => `generation_${hash}_${id}_${place}_${what}`;
  return { rows: name('rows'), keys: name('keys'), before: name('before'), gone: name('gone') };
}

/** All that a row of the target has and an INSERT can give it. */
export const wholeRow = ({ table }: TargetModel): readonly string[] =>
  table.columns.filter(({ generated }) => generated === null).map(({ name }) => name);

export function keptTables(
  { schemaName }: StateLayout,
  model: TargetModel,
  { tables, wholeRow: names }: Pick<JournalCollection, 'tables' | 'wholeRow'>,
): KeptTables {
  const stage = (name: string, columns: readonly TargetColumn[]): Stage => ({
    sql: qualified({ schema: schemaName, table: name }),
    name,
    columns,
  });
  return {
    rows: stage(tables.rows, insertable(model)),
    keys: stage(tables.keys, model.key),
    before: stage(tables.before, insertable(model)),
    marks: marksOf(model).map((name, index) => keptColumn(name, `lockstep_m${index}`)),
    gone: {
      sql: qualified({ schema: schemaName, table: tables.gone }),
      columns: names.map((name, index) => keptColumn(name, `lockstep_${index}`)),
    },
  };
}

const keptColumn = (name: string, slot: string): KeptColumn => ({ name, sql: quoteIdentifier(name), slot });

/** Of those that are not mapped anyway. */
function marksOf(model: TargetModel): readonly string[] {
  const { leaving } = model;
  if (leaving.kind !== 'mark') return [];
  const mapped = new Set(insertable(model).map(({ name }) => name));
  const named = new Set([...Object.keys(leaving.set), ...Object.keys(leaving.clear ?? {})]);
  return [...named].filter((name) => !mapped.has(name));
}

/** Rows of `rows` that the target did not have: what was inserted. A stage too. */
export const insertedOf = ({ rows, before }: KeptTables): Stage => ({
  ...rows,
  sql: `(SELECT r.* FROM ${rows.sql} AS r WHERE NOT EXISTS (
  SELECT FROM ${before.sql} AS b WHERE b.${ordinal} = r.${ordinal}))`,
});
