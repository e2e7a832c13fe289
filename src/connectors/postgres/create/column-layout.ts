import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgColumn } from '../catalog/pg-table.ts';
import { quoteIdentifier } from '../names.ts';
import type { TableSource } from './table-source.ts';

/**
 * A column of the table to be made. Expressions (checks, generated columns, indexes) speak of the source's
 * names, and only the server can rewrite them safely. So the table is made with the source's names where
 * possible, and then renamed: that rewrites every expression.
 */
export interface LaidColumn {
  /** Null: a value that the mapping makes. */
  readonly source: PgColumn | null;
  readonly formatType: string;
  /** Its name while expressions are attached. */
  readonly interim: string;
  readonly target: string;
  /** Stored as the source stores it: default, identity, generation and constraints apply. */
  readonly alike: boolean;
}

/** The columns of the plan, and the source's generated columns that can be computed from these. */
export function layOutColumns(
  source: Pick<TableSource, 'columns'>,
  plan: CollectionPlan,
): readonly LaidColumn[] {
  const mapped = layOutMapped(source, plan);
  const present = new Set(mapped.filter(({ alike }) => alike).map(({ interim }) => interim));
  const targets = new Set(mapped.flatMap(({ target, interim }) => [target, interim]));
  const generated = source.columns
    .filter((column) => column.generated !== null && !targets.has(column.name))
    .filter((column) => column.uses.every((name) => present.has(name)))
    .map((column): LaidColumn => ({ ...laid(column), interim: column.name, target: column.name }));
  return inSourceOrder([...mapped, ...generated], mapped);
}

const laid = (column: PgColumn) => ({ source: column, formatType: column.formatType, alike: true });

function layOutMapped({ columns }: Pick<TableSource, 'columns'>, plan: CollectionPlan): LaidColumn[] {
  const wanted = new Set(plan.columns.flatMap(({ from }) => ('column' in from ? [from.column] : [])));
  const taken = new Set(columns.map(({ name }) => name).filter((name) => wanted.has(name)));
  const used = new Set<string>();
  return plan.columns.map(({ target, from, type }, index) => {
    const column = 'column' in from ? columns.find(({ name }) => name === from.column) : undefined;
    const first = column !== undefined && !used.has(column.name);
    if (first) used.add(column.name);
    const spare = taken.has(target) ? `lockstep_column_${index}` : target;
    const formatType = type ?? column?.formatType ?? 'text';
    return {
      source: column ?? null,
      formatType,
      interim: first ? column.name : spare,
      target,
      alike: first && formatType === column.formatType,
    };
  });
}

/** A selection that keeps the source's order keeps it with its generated columns too. */
function inSourceOrder(columns: readonly LaidColumn[], mapped: readonly LaidColumn[]): readonly LaidColumn[] {
  const position = ({ source }: LaidColumn): number => source?.position ?? Number.NaN;
  const ascending = mapped.every((column, index) => {
    const before = mapped[index - 1];
    return before === undefined ? column.source !== null : position(before) < position(column);
  });
  return ascending ? columns.toSorted((a, b) => position(a) - position(b)) : columns;
}

/** ALTER TABLE statements from the interim names to the target's, or back. In two steps, since names may be exchanged. */
export function renameStatements(
  table: string,
  columns: readonly LaidColumn[],
  direction: 'forth' | 'back',
): string[] {
  const changed = columns.filter(({ interim, target }) => interim !== target);
  const ends = changed.map(({ interim, target }) =>
    direction === 'forth' ? { from: interim, to: target } : { from: target, to: interim },
  );
  const rename = (from: string, to: string) =>
    `ALTER TABLE ${table} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`;
  const sources = new Set(ends.map(({ from }) => from));
  if (!ends.some(({ to }) => sources.has(to))) return ends.map(({ from, to }) => rename(from, to));
  const waiting = (index: number) => `lockstep_rename_${index}`;
  return [
    ...ends.map(({ from }, index) => rename(from, waiting(index))),
    ...ends.map(({ to }, index) => rename(waiting(index), to)),
  ];
}
